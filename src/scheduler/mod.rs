//! The scheduler: what happens by the clock.

use tokio::sync::watch;

use crate::app::App;

/// Runs until told to stop.
pub async fn run(app: App, mut stop: watch::Receiver<bool>) {
    tracing::debug!(url = app.settings.url, "nothing is scheduled in this build");
    stop.wait_for(|stop| *stop).await.ok();
}
