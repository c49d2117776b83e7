//! Files that nobody else may read: the passfile, and the client's key.

/// Says why a file is not used, by libpq's rule for keys.
///
/// libpq wants a passfile to be its owner's alone. Kubernetes mounts secrets as root's, readable
/// by the pod's group, so that is taken for both.
pub(super) const fn refusal(is_file: bool, owner: u32, mode: u32) -> Option<&'static str> {
    let forbidden = if owner == 0 { 0o037 } else { 0o077 };
    match (is_file, mode & forbidden, owner) {
        (false, _, _) => Some("it is not a plain file"),
        (true, 0, _) => None,
        (true, _, 0) => Some("others may read it; its mode should be 0640 or less"),
        (true, _, _) => Some("others may read it; its mode should be 0600"),
    }
}
