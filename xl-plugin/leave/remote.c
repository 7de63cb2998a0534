/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a migration asks of the other host, over its transport. */
#include <string.h>
#include <strings.h>

#include "core/text.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/leave/leave.h"

#define ASK_MS	  120000 /* somebody may have to type a password */
#define ATTACH_MS 900000 /* it waits for locks, and for the guest on that host */

/*
 * The words go through one or two shells (ssh joins its arguments), so they must not need quoting
 * in either.
 */
int xlpt_leave_plain(const char *what, const char *text, struct xlpt_diag *diag)
{
	if (*text && *text != '-' &&
	    text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
			      "_.:,=@+/%-")] == '\0')
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_SYNTAX, "%s \"%s\" cannot be given to another host", what,
		      text);
	xlpt_diag_fact(diag,
		       "letters, digits and _ . : , = @ + / %% - pass through a shell unchanged, "
		       "and no leading -");
	xlpt_diag_hint(diag, "use a %s made of these", what);
	return XLPT_ERR_SYNTAX;
}

/*
 * xlpt starts the transport without a shell, and xl, which gets the same text, with one: both must
 * see the same words.
 */
int xlpt_leave_transport(const char *text, struct xlpt_diag *diag)
{
	_cleanup_strv_ char **words = xlpt_text_split(text);

	if (words)
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_SYNTAX, "the transport \"%s\" is more than words", text);
	xlpt_diag_fact(diag,
		       "it is started without a shell: blanks, quotes and backslashes, and none "
		       "of $ ` | & ; < > ( ) * ? [ ~ # without quotes");
	xlpt_diag_hint(diag, "write a script that does it, and name that");
	return XLPT_ERR_SYNTAX;
}

static int no_answer(struct xlpt_diag *diag, const char *host, const char *command, int status,
		     const char *out)
{
	xlpt_diag_set(diag, XLPT_ERR_NOT_FOUND,
		      "%s could not do what it was asked: \"%s\" ended with status %d", host,
		      command, status);
	xlpt_diag_add_log(diag, out);
	xlpt_diag_hint(diag,
		       "see that the transport works and that xl and xlpt are installed there");
	return XLPT_ERR_NOT_FOUND;
}

/*
 * Runs a command on the other host. timeout_ms: milliseconds, 0 = as long as it takes. NOT_FOUND
 * unless it ends with 0.
 */
static int tell(struct xlpt_env *env, const char *transport, const char *host, const char *command,
		const struct xlpt_image *image, int64_t timeout_ms, char **out,
		struct xlpt_diag *diag)
{
	_cleanup_free_ char *own = NULL;
	int status = 0, rc;

	xlpt_verbose(env, "on %s: %s", host, command);
	rc = env->ts->ops->remote(env->ts, transport, host, command, image, timeout_ms, &status,
				  &own, diag);
	if (rc == 0 && status)
		rc = no_answer(diag, host, command, status, own);
	if (rc == 0 && out)
		*out = XLPT_TAKE(own);
	return rc;
}

int xlpt_leave_send(struct xlpt_env *env, const char *transport, const char *host,
		    const struct xlpt_image *image, struct xlpt_diag *diag)
{
	return tell(env, transport, host, "xl restore -p /dev/stdin", image, 0, NULL, diag);
}

struct json_object *xlpt_leave_ask(struct xlpt_env *env, const char *transport, const char *host,
				   const char *words, struct xlpt_diag *diag)
{
	_cleanup_free_ char *command = xlpt_xasprintf("xlpt --json=compact %s", words), *out = NULL;
	_cleanup_free_ char *why = NULL;
	struct json_object *root;

	if (tell(env, transport, host, command, NULL, ASK_MS, &out, diag))
		return NULL;
	root = xlpt_json_object_parse(out, &why);
	if (!root) {
		xlpt_diag_set(diag, XLPT_ERR_DATA,
			      "%s answers \"%s\" with something that is not one JSON "
			      "object",
			      host, command);
		xlpt_diag_fact(diag, "%s", why);
		xlpt_diag_hint(diag,
			       "see what answers there: it must be xlpt, and nothing beside it "
			       "(no greeting of a shell)");
	}
	return root;
}

int xlpt_leave_remote_state(struct xlpt_env *env, const char *transport, const char *host,
			    const struct xlpt_guest *guest, bool *there, bool *paused,
			    struct xlpt_diag *diag)
{
	_cleanup_free_ char *out = NULL;
	char *save = NULL;
	int rc = tell(env, transport, host, "xl list -v", NULL, ASK_MS, &out, diag);

	*there = *paused = false;
	for (char *line = rc ? NULL : strtok_r(out, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		char name[256], state[16], uuid[40] = "";

		if (sscanf(line, "%255s %*u %*u %*u %15s %*s %39s", name, state, uuid) < 2 ||
		    strcmp(name, guest->name) != 0)
			continue;
		/* The guest's own copy has the same UUID. Another UUID is another guest. */
		if (strlen(uuid) == strlen(guest->uuid) && strcasecmp(uuid, guest->uuid) != 0)
			continue;
		*there = true;
		*paused = strchr(state, 'p') != NULL;
	}
	return rc;
}

int xlpt_leave_remote_attach(struct xlpt_env *env, const char *transport, const char *host,
			     const char *guest, const char *targets, struct xlpt_diag *diag)
{
	_cleanup_free_ char *command = xlpt_xasprintf("xlpt attach %s %s", guest, targets);
	int rc = tell(env, transport, host, command, NULL, ATTACH_MS, NULL, diag);

	if (rc == 0)
		return 0;
	xlpt_diag_wrap(diag, "%s runs on %s without its devices", guest, host);
	xlpt_diag_hint(diag, "xlpt repair here tries again; or there: %s", command);
	return xlpt_diag_recode(diag, XLPT_ERR_LEFT);
}

int xlpt_leave_remote_unpause(struct xlpt_env *env, const char *transport, const char *host,
			      const char *guest, struct xlpt_diag *diag)
{
	_cleanup_free_ char *command = xlpt_xasprintf("xl unpause %s", guest);
	int rc = tell(env, transport, host, command, NULL, ASK_MS, NULL, diag);

	if (rc == 0)
		return 0;
	xlpt_diag_wrap(diag, "%s is on %s, paused", guest, host);
	xlpt_diag_hint(diag, "xlpt repair here, or there: %s", command);
	return xlpt_diag_recode(diag, XLPT_ERR_LEFT);
}

int xlpt_leave_remote_destroy(struct xlpt_env *env, const char *transport, const char *host,
			      const struct xlpt_guest *guest, struct xlpt_diag *diag)
{
	_cleanup_free_ char *command = xlpt_xasprintf("xl destroy %s", guest->name);
	bool there, paused;
	int rc = xlpt_leave_remote_state(env, transport, host, guest, &there, &paused, diag);

	if (rc == 0 && there && paused)
		rc = tell(env, transport, host, command, NULL, ASK_MS, NULL, diag);
	if (rc) {
		xlpt_diag_hint(diag, "on %s: %s, if xl list shows it paused there", host, command);
		return xlpt_diag_recode(diag, XLPT_ERR_LEFT);
	}
	/*
	 * A copy that has run is no copy any more: nobody here can tell which of the two has to
	 * go.
	 */
	if (there && !paused) {
		xlpt_diag_set(diag, XLPT_ERR_LEFT, "%s is on %s, too, and is not paused there",
			      guest->name, host);
		xlpt_diag_hint(diag, "end one of the two (on %s: %s), then xlpt repair here", host,
			       command);
		return XLPT_ERR_LEFT;
	}
	return 0;
}

int xlpt_leave_remote_incoming(struct xlpt_env *env, const char *transport, const char *host,
			       const struct xlpt_guest *guest, struct xlpt_diag *diag)
{
	_cleanup_guest_ struct xlpt_guest incoming = { 0 };
	_cleanup_diag_ struct xlpt_diag d = { 0 };
	bool there, paused;

	xlpt_guest_copy(&incoming, guest);
	free(incoming.name);
	/*
	 * xl migrate-receive gives the domain this name until it is handed over (xl_vmcontrol.c,
	 * create_domain).
	 */
	incoming.name = xlpt_xasprintf("%s--incoming", guest->name);
	/* Mostly the other host was never reached, and then there is nothing to do. */
	if (xlpt_leave_remote_state(env, transport, host, &incoming, &there, &paused, &d)) {
		xlpt_warn(
			env,
			"%s does not tell whether xl left a paused %s there; when it does, there: "
			"xl list, and xl destroy %s",
			host, incoming.name, incoming.name);
		return 0;
	}
	return there ? xlpt_leave_remote_destroy(env, transport, host, &incoming, diag) : 0;
}
