/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Passwords are taken out of texts wherever they stand, and what is none stays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "core/secret.h"

#define M XLPT_SECRET_MARK

static void becomes(const char *text, const char *want, const char *want_names)
{
	_cleanup_str_ struct xlpt_str out = { 0 }, names = { 0 }, again = { 0 }, more = { 0 };
	size_t n = xlpt_secrets_take_out(text, strlen(text), &out, &names);

	if (strcmp(xlpt_str_get(&out), want) != 0)
		fail_msg("%s\nis now\n%s\nand should be\n%s", text, xlpt_str_get(&out), want);
	assert_string_equal(xlpt_str_get(&names), want_names);
	assert_int_equal(n != 0, *want_names != '\0');
	/* Once is enough. */
	assert_int_equal(xlpt_secrets_take_out(xlpt_str_get(&out), out.len, &again, &more), 0);
	assert_string_equal(xlpt_str_get(&out), xlpt_str_get(&again));
}

static void test_command_lines(void **state)
{
	(void)state;
	becomes("root=/dev/sda1 rd.iscsi.username=me rd.iscsi.password=hunter2 quiet\n",
		"root=/dev/sda1 rd.iscsi.username=me rd.iscsi.password=" M " quiet\n",
		"rd.iscsi.password");
	becomes("rd.iscsi.in.password=a,b;c ISCSI_PASSWORD=x iscsi_in_password=y\n",
		"rd.iscsi.in.password=" M " ISCSI_PASSWORD=" M " iscsi_in_password=" M "\n",
		"rd.iscsi.in.password, ISCSI_PASSWORD, iscsi_in_password");
	becomes("netroot=iscsi:me:hunter2:you:hunter3@10.0.0.1:6:3260:0:iqn.2026-01.a:b root=UUID=1\n",
		"netroot=iscsi:" M "@10.0.0.1:6:3260:0:iqn.2026-01.a:b root=UUID=1\n", "iscsi");
	becomes("netroot=iscsi:@10.0.0.1::::iqn.x ip=dhcp\n",
		"netroot=iscsi:@10.0.0.1::::iqn.x ip=dhcp\n", "");
	becomes("netroot=iscsi:10.0.0.1::::iqn.x\n", "netroot=iscsi:10.0.0.1::::iqn.x\n", "");
	becomes("root=cifs://me:hunter2@nas/share cifspass=hunter2 ks=https://tok@h/a@b\n",
		"root=cifs://" M "@nas/share cifspass=" M " ks=https://" M "@h/a@b\n",
		"password in an address, cifspass");
	becomes("rd.iscsi.password=\"two words\" \"rd.iscsi.in.password=two words\" quiet\n",
		"rd.iscsi.password=\"" M "\" \"rd.iscsi.in.password=" M "\" quiet\n",
		"rd.iscsi.password, rd.iscsi.in.password");
	becomes("iscsi.chap_secret=a node.session.auth.chap=b chap_user=me\n",
		"iscsi.chap_secret=" M " node.session.auth.chap=" M " chap_user=me\n",
		"iscsi.chap_secret, node.session.auth.chap");
	becomes("systemd.set_credential=passwd.x:abc inst.rootpw=abc\n",
		"systemd.set_credential=" M " inst.rootpw=" M "\n",
		"systemd.set_credential, inst.rootpw");
	becomes("(XEN) Command line: dom0_mem=1G password=p\\ q com1=115200\n",
		"(XEN) Command line: dom0_mem=1G password=" M " com1=115200\n", "password");
}

static void test_files(void **state)
{
	(void)state;
	becomes("GRUB_CMDLINE_LINUX=\"rd.iscsi.password=a quiet\"\n",
		"GRUB_CMDLINE_LINUX=\"rd.iscsi.password=" M " quiet\"\n", "rd.iscsi.password");
	becomes("GRUB_CMDLINE_XEN_DEFAULT='x password=a'\n",
		"GRUB_CMDLINE_XEN_DEFAULT='x password=" M "'\n", "password");
	becomes("GRUB_CMDLINE_LINUX=\"rd.iscsi.password=\\\"a b\\\" quiet\"\n",
		"GRUB_CMDLINE_LINUX=\"rd.iscsi.password=\\\"" M "\\\" quiet\"\n",
		"rd.iscsi.password");
	becomes("password_pbkdf2 root grub.pbkdf2.sha512.10000.AB.CD\n\tpassword --md5 $1$a$b\npassword me x y\n",
		"password_pbkdf2 " M "\n\tpassword " M "\npassword " M "\n",
		"password_pbkdf2, password");
	becomes("# password old\necho \"x grub.pbkdf2.sha512.10000.AB.CD\" >>f\n",
		"# password " M "\necho \"x " M "\" >>f\n", "password, hash of a password");
	becomes("options drv a=1 passwd=hunter2 wep_key=0123456789 keymap=us\n",
		"options drv a=1 passwd=" M " wep_key=" M " keymap=us\n", "passwd, wep_key");
	becomes("options drv secret=\"two words\" b=2\ninstall x /bin/y --password hunter2 --user me\n",
		"options drv secret=\"" M "\" b=2\ninstall x /bin/y --password " M " --user me\n",
		"secret, --password");
	becomes("vfb = [ 'vnc=1, vncpasswd=two words,vnclisten=0' ]\nvncpasswd = \"a,b\"\nspicepasswd='c'\n",
		"vfb = [ 'vnc=1, vncpasswd=" M ",vnclisten=0' ]\nvncpasswd = \"" M
		"\"\nspicepasswd='" M "'\n",
		"vncpasswd, spicepasswd");
	becomes("{ \"password\": \"a \\\" b\", \"x\": 1 }\n",
		"{ \"password\": \"" M "\", \"x\": 1 }\n", "password");
	becomes("wpa-psk two words\nroot:$6$saltsalt$0123456789abcdefghij:1\n",
		"wpa-psk " M "\nroot:" M "\n", "wpa-psk, hash of a password");
	becomes("nvme x=DHHC-1:00:abcdef: y\n", "nvme x=" M " y\n", "NVMe key");
	becomes("/local/domain/0/backend/vfb/1/0/vncpasswd hunter2\n/local/domain/1/name web\n",
		"/local/domain/0/backend/vfb/1/0/vncpasswd " M "\n/local/domain/1/name web\n",
		"vncpasswd");
	/* Without a last line break, unclosed, or with a NUL in it. */
	becomes("password=abc", "password=" M, "password");
	becomes("password=\"abc def", "password=\"" M, "password");
}

/* What xlpt reads itself must stay as it is. */
static void test_kept(void **state)
{
	static const char *const texts[] = {
		"xen_pciback.hide=(0000:02:00.0) xen_pciback.passthrough=1 iommu.passthrough=0\n",
		"rd.luks.key=/keyfile:UUID=1 rd.luks.uuid=2 vconsole.keymap=us\n",
		"iommu=pt intel_iommu=on kernel.bypass=1 nokaslr module_blacklist=psmouse\n",
		"options xen-pciback hide=(0000:02:00.0)\nsoftdep e1000e pre: xen-pciback\n",
		"device = 0000:02:00.0\nserial = 00-11-22\npin:nic0 pool:lan\n",
		"//nas/share on /mnt type cifs (rw,username=me)\nme@host:/x /y fuse.sshfs rw\n",
		"password=\npassword_file=/etc/x\n# passwords are kept elsewhere\n",
		"TOKEN_RING\nalias pci:v00008086 e1000e\n",
	};

	(void)state;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(texts); i++)
		becomes(texts[i], texts[i], "");
}

/* Whatever stands around them: nothing comes through, and nothing is read beyond the end. */
static void test_many(void **state)
{
	/* clang-format off */
	static const char *const pieces[] = {
		" rd.iscsi.password=hunter2", " iscsi:me:hunter2@h", " x://hunter2@h/", " quiet", "\n", "\"", "'",
		" secret = \"hunter2\"", "\npassword hunter2\n", " psk: hunter2", " a=\"", " $6$", "#",
		"\t", ",", " [ ", " ]", "=", ":", "://", "@", "DHHC-1:", "\n/a/vncpasswd hunter2\n", "\r\n",
	};
	/* clang-format on */
	unsigned seed = 1;

	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		_cleanup_str_ struct xlpt_str text = { 0 }, out = { 0 }, names = { 0 };
		char *exact;

		for (unsigned k = 0; k < 8; k++) {
			seed = seed * 1103515245 + 12345;
			xlpt_str_add(&text, pieces[(seed >> 16) % XLPT_ARRAY_SIZE(pieces)]);
		}
		/* No NUL behind it: whoever reads on is seen. */
		exact = xlpt_xcalloc(1, text.len);
		memcpy(exact, text.s, text.len);
		xlpt_secrets_take_out(exact, text.len, &out, &names);
		free(exact);
		if (strstr(xlpt_str_get(&out), "hunter2"))
			fail_msg("%s\nis now\n%s", text.s, out.s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_command_lines),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_kept),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
