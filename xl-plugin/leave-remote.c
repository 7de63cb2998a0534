/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is asked of the other host of a migration, over its transport. */
#include <string.h>

#include "xl-plugin/leave.h"
#include "xl-plugin/output.h"

/*
 * The words travel through one shell or two (ssh joins its arguments), so they
 * must not need quoting in either.
 */
int xlpt_leave_plain(const char *what, const char *text, struct xlpt_diag *diag)
{
	if (*text && *text != '-' &&
	    text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
			      "_.:,=@+/%-")] == '\0')
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_SYNTAX, "%s \"%s\" cannot be given to another host", what, text);
	xlpt_diag_fact(diag, "letters, digits and _ . : , = @ + / %% - pass through a shell unchanged, "
			     "and no leading -");
	xlpt_diag_hint(diag, "use a %s made of these", what);
	return XLPT_ERR_SYNTAX;
}

static int no_answer(struct xlpt_diag *diag, const char *host, const char *command, int status,
		     const char *out)
{
	xlpt_diag_set(diag, XLPT_ERR_NOT_FOUND, "%s does not do as asked: \"%s\" ended with status %d",
		      host, command, status);
	xlpt_diag_add_log(diag, out);
	xlpt_diag_hint(diag, "see that the transport works and that xl and xlpt are installed there");
	return XLPT_ERR_NOT_FOUND;
}

int xlpt_leave_tell(struct xlpt_env *env, const char *transport, const char *host,
		    const char *command, const struct xlpt_image *image, char **out,
		    struct xlpt_diag *diag)
{
	_cleanup_free_ char *own = NULL;
	int status = 0, rc;

	xlpt_verbose(env, "on %s: %s", host, command);
	rc = env->ts->ops->remote(env->ts, transport, host, command, image, &status, &own, diag);
	if (rc == 0 && status)
		rc = no_answer(diag, host, command, status, own);
	if (rc == 0 && out)
		*out = XLPT_TAKE(own);
	return rc;
}

struct json_object *xlpt_leave_ask(struct xlpt_env *env, const char *transport, const char *host,
				   const char *words, struct xlpt_diag *diag)
{
	_cleanup_free_ char *command = xlpt_xasprintf("xlpt --json %s", words), *out = NULL;
	struct json_object *root;

	if (xlpt_leave_tell(env, transport, host, command, NULL, &out, diag))
		return NULL;
	root = json_tokener_parse(out);
	if (!root) {
		xlpt_diag_set(diag, XLPT_ERR_DATA, "%s answers \"%s\" with something that is not JSON",
			      host, command);
		xlpt_diag_hint(diag, "see what answers there: it must be xlpt, and nothing beside it "
				     "(no greeting of a shell)");
	}
	return root;
}

int xlpt_leave_remote_state(struct xlpt_env *env, const char *transport, const char *host,
			    const char *guest, bool *there, bool *paused, struct xlpt_diag *diag)
{
	_cleanup_free_ char *out = NULL;
	char *save = NULL;
	int rc = xlpt_leave_tell(env, transport, host, "xl list", NULL, &out, diag);

	*there = *paused = false;
	for (char *line = rc ? NULL : strtok_r(out, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		char name[256], state[16];

		if (sscanf(line, "%255s %*u %*u %*u %15s", name, state) != 2 || strcmp(name, guest) != 0)
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
	int rc = xlpt_leave_tell(env, transport, host, command, NULL, NULL, diag);

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
	int rc = xlpt_leave_tell(env, transport, host, command, NULL, NULL, diag);

	if (rc == 0)
		return 0;
	xlpt_diag_wrap(diag, "%s is on %s, paused", guest, host);
	xlpt_diag_hint(diag, "xlpt repair here, or there: %s", command);
	return xlpt_diag_recode(diag, XLPT_ERR_LEFT);
}

int xlpt_leave_remote_destroy(struct xlpt_env *env, const char *transport, const char *host,
			      const char *guest, struct xlpt_diag *diag)
{
	_cleanup_free_ char *command = xlpt_xasprintf("xl destroy %s", guest);
	bool there, paused;
	int rc = xlpt_leave_remote_state(env, transport, host, guest, &there, &paused, diag);

	/* Only a copy that has never run. */
	if (rc == 0 && there && paused)
		rc = xlpt_leave_tell(env, transport, host, command, NULL, NULL, diag);
	if (rc) {
		xlpt_diag_hint(diag, "on %s: %s, if xl list shows it paused there", host, command);
		xlpt_diag_recode(diag, XLPT_ERR_LEFT);
	}
	return rc;
}
