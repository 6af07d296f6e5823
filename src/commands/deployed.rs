//! What was deployed, as each command needs it: `run` has it unpacked, `explain` and `env` look into the archives,
//! `check` unpacks them for itself and removes that again.

use super::port_taken;
use crate::decide::expected_port;
use crate::deployment::limits::Limits;
use crate::deployment::{self, Deployment, Packed, Unpacking, unpack};
use crate::error::Failure;
use crate::files::{Archived, Disk};
use crate::invocation::Invocation;
use crate::process::{port, signals};
use crate::settings::{DEFAULT_PORT, Settings};

/// The settings for what was deployed; nothing is read of an archive.
///
/// # Errors
///
/// The deployment is broken, or there is no folder to unpack it into.
pub(crate) fn found(settings: Settings) -> Result<Settings, Failure> {
    let disk = Disk::new(&settings.app_root);
    Ok(Deployment::find(&settings, &disk)?.apply(settings, &disk))
}

/// An app root with its deployment looked at, and nothing written.
pub(crate) struct Seen {
    /// The settings for the folder that the app is in, or will be.
    pub(crate) settings: Settings,
    /// The disk as it will be.
    pub(crate) files: Archived,
}

/// Looks at a deployment; what is packed is read where it is.
///
/// # Errors
///
/// What `run` would fail with: the deployment is broken, an archive is damaged.
pub(crate) fn look(settings: Settings) -> Result<Seen, Failure> {
    let disk = Disk::new(&settings.app_root);
    let mut deployment = Deployment::find(&settings, &disk)?;
    if deployment.is_plain() {
        let files = Archived::new(disk);
        return Ok(Seen { settings: deployment.apply(settings, &files), files });
    }
    let mut files = Archived::new(Disk::new(deployment.root(&settings.app_root)));
    mount(&mut files, deployment.app.as_ref(), &settings)?;
    deployment.find_in_app(&settings, &files)?;
    mount(&mut files, deployment.environment.as_ref(), &settings)?;
    Ok(Seen { settings: deployment.apply(settings, &files), files })
}

/// Shows the content of an archive, unless it is on the disk.
fn mount(files: &mut Archived, packed: Option<&Packed>, settings: &Settings) -> Result<(), Failure> {
    let Some(packed) = packed.filter(|packed| !packed.place.is_unpacked) else { return Ok(()) };
    files
        .mount(&packed.archive, &packed.place.folder, limits(settings))
        .map_err(|fault| deployment::failure(packed, &fault))
}

/// Makes sure that everything is unpacked. By hand while the site runs nothing is changed: the port is asked for first.
///
/// # Errors
///
/// It cannot be unpacked, or a signal asked to stop; the failure has the status to end with.
pub(crate) fn require_unpacked(settings: Settings, invocation: &Invocation) -> Result<(Settings, Disk), Failure> {
    let disk = Disk::new(&settings.app_root);
    let mut deployment = Deployment::find(&settings, &disk)?;
    if deployment.is_plain() {
        return Ok((deployment.apply(settings, &disk), disk));
    }
    if deployment.is_packed() {
        let usual_port = settings.port.unwrap_or(DEFAULT_PORT);
        // Only what is in the archive tells whether that port is the one.
        if !invocation.is_pid_1 && !port::is_free(usual_port) {
            let seen = look(settings.clone())?;
            port_taken::require_free(expected_port(&seen.settings, &seen.files), invocation)?;
        }
    }
    let disk = unpack_all(&mut deployment, &settings, |_| {})?;
    Ok((deployment.apply(settings, &disk), disk))
}

/// Everything unpacked for as long as this lives, apart from where `run` unpacks it.
pub(crate) struct Private {
    /// The settings for the folder that the app is in.
    pub(crate) settings: Settings,
    /// The disk, seen from there.
    pub(crate) disk: Disk,
    deployment: Deployment,
}

/// Makes sure that there are real files: those that `run` has unpacked, else private ones.
///
/// # Errors
///
/// As [`require_unpacked`].
pub(crate) fn unpack_privately(settings: Settings) -> Result<Private, Failure> {
    let disk = Disk::new(&settings.app_root);
    let deployment = Deployment::find(&settings, &disk)?;
    if deployment.is_plain() {
        return Ok(Private { settings: deployment.apply(settings, &disk), disk, deployment });
    }
    // From here on it is removed again, also when the second archive cannot be unpacked.
    let mut private = Private { settings, disk, deployment };
    private.disk = unpack_all(&mut private.deployment, &private.settings, Packed::make_private)?;
    private.settings = private.deployment.apply(private.settings.clone(), &private.disk);
    Ok(private)
}

impl Drop for Private {
    fn drop(&mut self) {
        self.deployment.remove_private();
    }
}

/// Unpacks the app, then its environment, which may be in there; each to the place that `placed` leaves it. The disk, seen
/// from the app's folder.
fn unpack_all(deployment: &mut Deployment, settings: &Settings, placed: fn(&mut Packed)) -> Result<Disk, Failure> {
    let how = Unpacking { limits: limits(settings), stop: &signals::pending_stop };
    let unpack = |packed: &mut Option<Packed>| {
        let Some(packed) = packed.as_mut().filter(|packed| !packed.place.is_unpacked) else { return Ok(()) };
        placed(packed);
        unpack(packed, how)?;
        packed.place.is_unpacked = true;
        Ok(())
    };
    unpack(&mut deployment.app)?;
    let disk = Disk::new(deployment.root(&settings.app_root));
    deployment.find_in_app(settings, &disk)?;
    unpack(&mut deployment.environment)?;
    Ok(disk)
}

fn limits(settings: &Settings) -> Limits {
    Limits { bytes: settings.unpack_limit }
}
