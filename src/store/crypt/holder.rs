//! Who holds the lock on a file, as far as the system tells. Only for the sentence that a person reads.

use std::{fs, fs::File, os::unix::fs::MetadataExt, path::Path};

/// The process that has `file` locked: `counterfoil (process 123)`.
pub(super) fn of(file: &File) -> Option<String> {
    let metadata = file.metadata().ok()?;
    let (device, inode) = (metadata.dev(), metadata.ino());
    let listed = fs::read_to_string("/proc/locks").ok().and_then(|locks| in_locks(&locks, inode));
    // A running server lets nobody look into it, so a process that can't be asked is believed to be the one listed.
    let believed = |pid: &u32| has_open(*pid, device, inode).unwrap_or(true);
    let pid = listed.filter(believed).or_else(|| in_processes(device, inode))?;
    if pid == std::process::id() {
        return Some("this very process".to_owned());
    }
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    let name: String = name.chars().filter(|c| !c.is_control()).collect();
    Some(if name.is_empty() { format!("process {pid}") } else { format!("{name} (process {pid})") })
}

/// The holder of an exclusive whole-file lock on `inode` in the text of `/proc/locks`.
fn in_locks(locks: &str, inode: u64) -> Option<u32> {
    locks.lines().find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [_, "FLOCK", _, "WRITE", pid, place, ..] = fields.as_slice() else { return None };
        let at: u64 = place.rsplit(':').next()?.parse().ok()?;
        (at == inode).then(|| pid.parse().ok()).flatten()
    })
}

/// Another process that has the file open. Sees only processes of the same user.
fn in_processes(device: u64, inode: u64) -> Option<u32> {
    let processes = fs::read_dir("/proc").ok()?.flatten();
    let mut pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.find(|pid| *pid != std::process::id() && has_open(*pid, device, inode) == Some(true))
}

/// Whether a process has the file open; `None` when the system does not tell.
fn has_open(pid: u32, device: u64, inode: u64) -> Option<bool> {
    let mut open = fs::read_dir(Path::new("/proc").join(pid.to_string()).join("fd")).ok()?;
    Some(open.any(|entry| {
        let metadata = entry.and_then(|entry| fs::metadata(entry.path()));
        metadata.is_ok_and(|metadata| (metadata.dev(), metadata.ino()) == (device, inode))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_holder_is_read_from_the_systems_list() {
        let locks = "1: POSIX  ADVISORY  WRITE 11 08:01:77 0 EOF\n2: FLOCK  ADVISORY  WRITE 12 08:01:78 0 EOF\n\
                     2: -> FLOCK  ADVISORY  WRITE 14 08:01:77 0 EOF\n3: FLOCK  ADVISORY  WRITE 13 08:01:77 0 EOF\n";
        assert_eq!(in_locks(locks, 77), Some(13));
        assert_eq!(in_locks(locks, 79), None);
        assert_eq!(in_locks("nonsense", 1), None);
    }
}
