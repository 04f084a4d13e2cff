// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Prints which file each mapping of each process really maps, and which one maps shows.
 *
 * A union puts the file of a layer in vm_file. Since Linux 6.8 maps shows the union's own in its stead.
 * The kernel's types are declared here as far as they are used: libbpf finds the fields by their names (CO-RE).
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct super_block { __u32 s_dev; unsigned long s_magic; };
struct inode { unsigned long i_ino; struct super_block *i_sb; };
struct dentry { struct inode *d_inode; };
struct path { struct dentry *dentry; };
struct file { struct inode *f_inode; };
struct backing_file { struct path user_path; };
struct vm_area_struct { unsigned long vm_start, vm_end; struct file *vm_file, *vm_prfile; };
struct ns_common { unsigned int inum; };
struct pid_namespace { struct ns_common ns; };
struct upid { int nr; struct pid_namespace *ns; };
struct pid { unsigned int level; struct upid numbers[1]; };
struct task_struct { __u64 start_boottime; struct pid *thread_pid; };
struct seq_file;
struct bpf_iter_meta { struct seq_file *seq; __u64 seq_num; };
struct bpf_iter__task_vma { struct bpf_iter_meta *meta; struct task_struct *task; struct vm_area_struct *vma; };
#pragma clang attribute pop

/* include/uapi/linux/magic.h */
#define OVERLAYFS_SUPER_MAGIC 0x794c7630

static struct inode *shown_by_maps(struct vm_area_struct *vma)
{
	struct file *file = vma->vm_file;
	struct backing_file *backing = (struct backing_file *)file;
	struct inode *inode;

	/* AUFS's mmap patch: the file that was mapped. */
	if (bpf_core_field_exists(vma->vm_prfile) && vma->vm_prfile)
		return vma->vm_prfile->f_inode;
	/*
	 * file_user_inode() in include/linux/fs.h. Which bit of f_mode tells a backing file has changed, in stable kernels too.
	 * So what would stand in one counts where it is an inode of an overlay.
	 */
	if (bpf_core_field_exists(backing->user_path.dentry)) {
		inode = BPF_CORE_READ(backing, user_path.dentry, d_inode);
		if (BPF_CORE_READ(inode, i_sb, s_magic) == OVERLAYFS_SUPER_MAGIC)
			return inode;
	}
	return file->f_inode;
}

/* `major:minor` of a kernel's own dev_t. */
#define DEVICE(inode) BPF_CORE_READ(inode, i_sb, s_dev) >> 20, BPF_CORE_READ(inode, i_sb, s_dev) & 0xfffff

SEC("iter/task_vma")
int print_mapping(struct bpf_iter__task_vma *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;
	struct vm_area_struct *vma = ctx->vma;

	if (ctx->meta->seq_num == 0)
		BPF_SEQ_PRINTF(seq, "aufs-filters vmas 1: pid_ns pid start_boottime range dev ino maps_dev maps_ino\n");
	if (!task || !vma || !vma->vm_file)
		return 0;

	/* Its number in its own namespace, which is the same whoever reads. */
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	struct upid *upid = &pid->numbers[0];
	upid += BPF_CORE_READ(pid, level);

	struct inode *real = vma->vm_file->f_inode, *shown = shown_by_maps(vma);

	BPF_SEQ_PRINTF(seq, "%u %d %llu %lx-%lx %u:%u %lu %u:%u %lu\n", BPF_CORE_READ(upid, ns, ns.inum),
		       BPF_CORE_READ(upid, nr), task->start_boottime, vma->vm_start, vma->vm_end,
		       DEVICE(real), BPF_CORE_READ(real, i_ino), DEVICE(shown), BPF_CORE_READ(shown, i_ino));
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
