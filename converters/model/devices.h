/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The devices of a domain, and the smaller parts that several of them have. */
#ifndef XLPT_CONVERTERS_MODEL_DEVICES_H
#define XLPT_CONVERTERS_MODEL_DEVICES_H

#include "converters/model/carry.h"
#include "converters/model/words.h"

struct xlpt_vlan_tag {
	struct xlpt_num id; /* 0..4095 */
	int native;	    /* enum xlpt_vlan_native */
};

/* Identity of a network port: for VFs given as interfaces, and for virtual ones. */
struct xlpt_netid {
	char *mac; /* lower case, colons; NULL = not said */
	enum xlpt_tri vlan_trunk;
	struct xlpt_vlan_tag *vlan;
	size_t n_vlan, alloc_vlan;
	int vport;					  /* enum xlpt_vport */
	char *profileid;				  /* Qbh, OVS */
	char *interfaceid;				  /* OVS, midonet */
	char *instanceid;				  /* Qbg */
	struct xlpt_num managerid, typeid, typeidversion; /* Qbg */
};

struct xlpt_disk {
	struct xlpt_at at;
	char *target; /* path, as libxl gets it; NULL or "" = empty drive */
	char *vdev;   /* "xvda", "hdc", "sda", "d1p0" */
	int kind;     /* enum xlpt_disk_kind */
	int format;   /* enum xlpt_disk_format */
	int driver;   /* enum xlpt_disk_driver: backendtype= */
	int dev;      /* enum xlpt_disk_dev */
	char *name;   /* libvirt's target, where libxl knows no disk of that name; NULL = vdev */
	char *bus;    /* libvirt's target bus; NULL = follows from the name */
	enum xlpt_tri readonly, shareable, removable, discard, direct_io_safe;
	char *backend; /* domain that serves it */
	char *script;
	/* network disks: libvirt says parts, xl one string in target ("rbd:pool/image:...") */
	struct xlpt_num boot_order;
};

struct xlpt_net {
	struct xlpt_at at;
	int kind;     /* enum xlpt_net_kind */
	char *source; /* bridge, network or device name */
	struct xlpt_netid id;
	int type;    /* enum xlpt_net_type; NULL model follows */
	char *model; /* "e1000" */
	char *vifname;
	char *script; /* as said: with or without directory */
	char *gatewaydev;
	char **ips; /* addresses, with /prefix when said */
	char *backend;
	struct xlpt_num rate;	 /* bytes per second, guest's transmission */
	struct xlpt_num rate_us; /* interval, microseconds */
	struct xlpt_num mtu;
	enum xlpt_tri trusted;
	struct xlpt_num devid;
	struct xlpt_num boot_order;
};

struct xlpt_gfx {
	struct xlpt_at at;
	int type;	   /* enum xlpt_gfx_type */
	enum xlpt_tri vfb; /* on: an entry of vfb= */
	char *listen;
	struct xlpt_num port;	/* TCP port (vnc: 5900 + display) */
	enum xlpt_tri autoport; /* vncunused; libvirt's autoport */
	struct xlpt_num tls_port;
	char *passwd;
	char *keymap;
	char *display, *xauthority;		       /* sdl */
	enum xlpt_tri opengl;			       /* sdl */
	enum xlpt_tri ticketing;		       /* spice; xl says disable_ticketing */
	enum xlpt_tri agent_mouse, vdagent, clipboard; /* spice */
	struct xlpt_num usb_redir;		       /* spice: number of channels */
	char *image_compression, *streaming;	       /* spice: words are the same on both sides */
};

/* serial, parallel, console, channel */
struct xlpt_chr {
	struct xlpt_at at;
	int kind;			/* enum xlpt_chr_kind */
	char *path;			/* file, pipe, dev, unix */
	char *host, *service;		/* tcp, telnet, udp; unix has path */
	char *bind_host, *bind_service; /* udp */
	enum xlpt_tri listen;		/* server side (libvirt mode='bind') */
	enum xlpt_tri wait;   /* tcp, unix: start only with a peer; xl: ",nowait" is off */
	int target;	      /* consoles: enum xlpt_con_target */
	char *name;	      /* channels: name in the guest */
	char *backend;	      /* channels */
	struct xlpt_num port; /* libvirt's target port */
};

struct xlpt_input {
	struct xlpt_at at;
	int type; /* enum xlpt_input_type */
	int bus;  /* enum xlpt_bus */
};

struct xlpt_usbctrl {
	struct xlpt_at at;
	struct xlpt_num index;
	int type; /* enum xlpt_usbctrl_type */
	struct xlpt_num version, ports;
	char *model; /* libvirt's model where type and version do not say it ("nec-xhci") */
	char *backend;
};

struct xlpt_usbdev {
	struct xlpt_at at;
	struct xlpt_num bus, addr;	 /* host side */
	struct xlpt_num vendor, product; /* or by its ids */
	struct xlpt_num ctrl, port;	 /* guest side */
	enum xlpt_tri managed;
};

struct xlpt_sound {
	struct xlpt_at at;
	char *model; /* "ac97" "es1370" "sb16" "hda" ("ich6" in libvirt) */
};

struct xlpt_video {
	struct xlpt_at at;
	int model;	      /* enum xlpt_vga */
	struct xlpt_num vram; /* KiB */
	struct xlpt_num heads;
	enum xlpt_tri primary;
};

struct xlpt_cpu_feature {
	struct xlpt_at at;
	char *name; /* libvirt's (Linux') spelling */
	int policy; /* enum xlpt_cpu_policy */
};

struct xlpt_numa {
	struct xlpt_at at;
	struct xlpt_num pnode; /* xl only */
	struct xlpt_num size;  /* KiB */
	char *vcpus;	       /* "0-3,6" */
	char *distances;       /* "10,20", one per cell in order */
};

struct xlpt_vcpupin {
	struct xlpt_at at;
	struct xlpt_num vcpu;
	char *cpuset;
};

/* One PCI function: <hostdev>, <interface type='hostdev'>, or an entry of pci = [ ]. */
struct xlpt_pci {
	struct xlpt_at at;
	struct xlpt_spec spec;	 /* address and xl's options */
	enum xlpt_tri managed;	 /* libvirt's; seize is in spec, neither stands for the other */
	char *driver;		 /* <driver name=> */
	enum xlpt_tri filtering; /* writeFiltering, as said; spec.permissive is xl's. on = 'yes' */
	struct xlpt_opt_bdf guest; /* <address type='pci'>, whole; spec.vslot is xl's */
	enum xlpt_tri multifunction;
	struct xlpt_num zpci_uid, zpci_fid;
	char *alias;
	struct xlpt_num boot_order;
	enum xlpt_tri rom_bar, rom_enabled;
	char *rom_file;
	/* a VF that is a network interface to libvirt */
	bool interface;
	struct xlpt_netid id;
	char *network, *portgroup; /* <interface type='network'>: a pool, spec may be empty */
	char *model;		   /* <model type=> of the interface */
};

#endif
