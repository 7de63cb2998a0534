/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whole files: read with a limit, replaced in one step, looked for without
 * following what another user has put in the way. Everything that xlpt reads
 * whole or writes goes through here; the exceptions are sysfs attributes, locks
 * and files that grow by lines (journal, ledger).
 *
 * Reading never blocks on a FIFO and never opens a device node: opening alone
 * starts a watchdog or rewinds a tape, and a captured tree may hold any node.
 *
 * Replacing: a new file under a random name in the same directory, mode 0600
 * until just before it takes the old one's place. A reader sees the old or the
 * new text, never a part. What a kill leaves is called .xlpt-XXXXXXXXXXXXXXXX~
 * (random digits), which no program that reads or runs whole directories takes:
 * not initramfs-tools, modprobe, GRUB, udev, systemd, sudo, run-parts, nor a
 * shell's "*". xlpt_file_sweep takes it away.
 *
 * All functions return 0 or a negative errno, as core/host does. Two of them
 * have a meaning of their own here: -EMEDIUMTYPE "not a regular file",
 * -ENOLINK "leads through a symbolic link of another user" (xlpt_strerror).
 */
#ifndef XLPT_CORE_FILE_H
#define XLPT_CORE_FILE_H

#include <sys/stat.h>

#include "core/host.h"

/* ---- reading ---- */

/*
 * Opens a regular file for reading, even if something else got its name meanwhile: -EISDIR
 * or -EMEDIUMTYPE for anything else. flags: 0 or O_NOFOLLOW (-ELOOP for a link).
 * st may be NULL.
 */
int xlpt_file_open(struct xlpt_host *h, const char *path, int flags, struct stat *st);

/*
 * Adds all that fd, a regular file, gives to out, -EFBIG behind max bytes. It goes on after a signal:
 * an undo, a release and a mender must read what they need, and a disk keeps nobody waiting.
 */
int xlpt_file_read_fd(int fd, size_t max, struct xlpt_str *out);
/*
 * The same of whatever fd is. A pipe, a terminal and a FIFO may never end, or never begin: -EINTR for a
 * signal that asks to stop.
 */
int xlpt_file_read_any(int fd, size_t max, struct xlpt_str *out);

/* A whole regular file; -EFBIG when it is larger than max, sparse or endless ones included. */
int xlpt_file_read(struct xlpt_host *h, const char *path, size_t max, struct xlpt_str *out);

/* The next line of a text, whose end becomes its NUL; NULL at the end. */
char *xlpt_file_line(char **cursor);

/* ---- a place for a file ---- */

/*
 * A name in a directory that is held open, so that links above it can be
 * changed by nobody between looking and writing.
 */
struct xlpt_file {
	struct xlpt_host dir; /* the directory, as a root of its own; dir.root is its path */
	char *name;	      /* in it, with a '/' before it */
	int fd;		      /* an open descriptor was named (/dev/stdout): write there; else -1 */
	bool there;
	bool planted;	/* a link led here that another user put where many may make files */
	struct stat st; /* of what is there, when there */
};

#define XLPT_FILE_NONE ((struct xlpt_file){ .fd = -1, .dir = { .rootfd = -1 } })
void xlpt_file_dispose(struct xlpt_file *f);
#define _cleanup_file_ XLPT_CLEANUP(xlpt_file_dispose)

/*
 * Looks for path below h; h NULL: as the process sees it. Root follows a link
 * only if root made it, or if what it leads to belongs to who made it (the
 * kernel's fs.protected_symlinks, for every directory). With FOLLOW the last
 * component is followed, too, by the same rule; else a link there is what is there.
 */
#define XLPT_FILE_FOLLOW    1u
#define XLPT_FILE_MAKE_DIRS 2u /* missing directories of path are made, mode 0755 */
int xlpt_file_find(struct xlpt_host *h, const char *path, unsigned flags, struct xlpt_file *out);

/* Its absolute path below h, by which it is found again without a link. Caller frees. */
int xlpt_file_path(struct xlpt_host *h, const struct xlpt_file *f, char **out);

/*
 * Who else than root could exchange what f names, because of the owner, the mode or the access list
 * (core/acl) of its directory or of one above, up to the root of h (NULL: as the process sees it). In
 * one with the sticky bit nobody can exchange what is root's. A group that may write there is GROUP.
 * OTHERS is worse: another user, or everybody. For who is not root it is always NOBODY: what he trusts
 * is his own affair. Or a negative errno.
 */
enum xlpt_file_exposed {
	XLPT_FILE_NOBODY,
	XLPT_FILE_GROUP,
	XLPT_FILE_OTHERS,
};
int xlpt_file_exposed(struct xlpt_host *h, const struct xlpt_file *f);
/* Who else can make a new file where f is looked for; also with the sticky bit. */
int xlpt_file_folder_writers(const struct xlpt_file *f);
/*
 * 1: maker is another user, and dir a folder where everybody may make files (or a group, when it is
 * sticky) and that is not maker's. What maker made there may be in the way of output on purpose. This is
 * the rule of the kernel's fs.protected_regular, fs.protected_fifos and fs.protected_symlinks; but the
 * kernel does not judge a rename over a file, an open without O_CREAT, or a link that is followed by
 * hand. 0: it is not so. Or a negative errno.
 */
int xlpt_file_strange(int dir, uid_t maker);

/*
 * Opens what was found for reading, whatever it is. Links are not followed. A FIFO has no writer yet,
 * maybe: xlpt_file_read_any waits for it.
 */
int xlpt_file_open_any(const struct xlpt_file *f);

/*
 * Reads what is there, and takes owner and mode from what was read: keep, in
 * xlpt_file_put, gives them on. Regular files only, -EFBIG behind max bytes.
 */
int xlpt_file_get(struct xlpt_file *f, size_t max, struct xlpt_str *out);

/*
 * xlpt_file_find with FOLLOW for who reads the file, changes the text, and writes it back: while lock,
 * which the caller closes, is open, another xlpt waits here. A lock of somebody else's is waited for as
 * long as that; then lock is -1, and so it is when there is no regular file. -EINTR: a signal came.
 */
#define XLPT_FILE_EDIT_MS 2000
int xlpt_file_find_to_edit(struct xlpt_host *h, const char *path, struct xlpt_file *out, int *lock);
/* It is still what xlpt_file_get has read; an editor knows no lock. */
bool xlpt_file_is_as_read(const struct xlpt_file *f);

/*
 * mkdir -p of a directory for what is root's alone (locks, journals, leases), 0700 from
 * .../xlpt on, also when an older xlpt made it for everyone: who can open a file there
 * can lock it.
 */
int xlpt_file_private_dir(struct xlpt_host *h, const char *path);

/*
 * An open file of such a directory that an older xlpt made for everyone gets mode 0600. What is no
 * regular file, or belongs to another user, stays.
 */
void xlpt_file_close_to_others(int fd);

/* ---- replacing ---- */

struct xlpt_file_how {
	mode_t mode;	       /* of the new file, without a look at the umask */
	bool keep;	       /* ... but what is there keeps owner, group, mode and access list */
	const struct stat *as; /* ... or these, and the list of what is there; NULL: none */
	const char
		*rights; /* ... or these, all of them, as xlpt_file_rights has them; NULL: none */
	bool fresh;	 /* -EEXIST when anything is there */
	bool edited;	 /* -ESTALE when it is no longer what xlpt_file_get has read */
	bool lazy;	 /* not waited for until it is on the disk */
};

/*
 * Owner, group, mode and access list of a regular file, as one line of text, so that a file which was
 * removed comes back with them: "0640 0:4 -"; the last word is xlpt_acl_text's. Where the list cannot be
 * read, the group has no rights in it, because its bits may be the limit of a list. Links are not
 * followed. The caller frees it; NULL with an error.
 */
int xlpt_file_rights(struct xlpt_host *h, const char *path, char **out);
/* To an open file; -EBADMSG when text is none. */
int xlpt_file_give_rights(int fd, const char *text);
/* Only root can give a file to another user: for others that is no error. */
int xlpt_file_give_owner(int fd, const struct stat *as);

/*
 * A file that had several names (hard links) and was replaced: one of them is the new file's, the
 * others keep the old text. To write into the old file would change it for all, but a kill would leave
 * half of it, and another name may be in another user's folder. So it is parted, and told. This takes
 * over those since the last call: the caller frees the list and the paths in it.
 */
struct xlpt_file_parted {
	char *path;
	uint64_t inode; /* of the old file, by which its other names are found */
};
size_t xlpt_file_take_parted(struct xlpt_file_parted **out);

/* What is there and is not a regular file is not replaced: -ELOOP, -EISDIR, -EMEDIUMTYPE. */
int xlpt_file_put(const struct xlpt_file *f, const void *text, size_t len,
		  const struct xlpt_file_how *how);
/*
 * The same in pieces, for who writes it some other way. begin gives a descriptor and
 * the temporary's name (caller frees); then finish, or abandon.
 */
int xlpt_file_begin(const struct xlpt_file *f, bool fresh, char **tmp);
int xlpt_file_finish(const struct xlpt_file *f, int fd, const char *tmp,
		     const struct xlpt_file_how *how);
void xlpt_file_abandon(const struct xlpt_file *f, const char *tmp);
/* xlpt_file_find without following the last component, and xlpt_file_put. */
int xlpt_file_replace(struct xlpt_host *h, const char *path, const void *text, size_t len,
		      const struct xlpt_file_how *how);
/*
 * For what another program has written: the file tmp ('/' before its name) of the same directory
 * gets the name of f, whatever has it, and that is on the disk.
 */
int xlpt_file_rename(const struct xlpt_file *f, const char *tmp);
/* Removes it. In a directory of another user no link can make it remove something else. */
int xlpt_file_remove(struct xlpt_host *h, const char *path);
/*
 * Where a user wants output: what is there and is a FIFO, a terminal or another
 * character device, or an open descriptor (/dev/stdout) is written into; else as
 * xlpt_file_put. What another user has put there, where everybody may make files, is neither written
 * into nor replaced: -ENOTUNIQ. -EMEDIUMTYPE for a block device. -EINTR when a signal asks to stop while who
 * reads from it does not: a part of the text is written then.
 */
int xlpt_file_save(const struct xlpt_file *f, const void *text, size_t len,
		   const struct xlpt_file_how *how);

#define XLPT_FILE_READER_MS 10000
bool xlpt_file_goes_into(const struct xlpt_file *f);
/*
 * A descriptor for it then, close-on-exec. Whoever reads from a FIFO has that long to begin: -EPIPE;
 * -EINTR for a signal that asks to stop; -ENOTUNIQ as above.
 */
int xlpt_file_into(const struct xlpt_file *f);

/* All of it, going on after EINTR. */
int xlpt_file_write_all(int fd, const void *data, size_t len);
/* The same, and it is on the disk: for files that grow by lines. */
int xlpt_file_append(int fd, const void *data, size_t len);
/* An O_TMPFILE gets its name; -EEXIST when that is taken. */
int xlpt_file_give_name(struct xlpt_host *h, int fd, const char *dir, const char *name);

/*
 * Takes away what killed processes have left in a directory: of replacing, and
 * NAME.PID.tmp as older versions called it, where NAME begins with prefix ("" =
 * any: only where all files are xlpt's) and this user made it. What a live process
 * still works with stays. Returns how many went (or would), 0 without the directory.
 */
int xlpt_file_sweep(struct xlpt_host *h, const char *dir, const char *prefix, bool only_count);

/* Bytes of the name of a file that is not finished, "." and "~" included. */
#define XLPT_FILE_UNFINISHED 23
bool xlpt_file_is_unfinished(const char *name);

#endif
