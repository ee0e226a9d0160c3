//! The bench: things are registered, a broker of our own lets them in, they are switched and watched, and all that passes is recorded.
//!
//! What changes the scene - a command, a shadow's wish - is refused until the analyst has said by whose leave it is done. Private keys of
//! things are shown once; the authority's lies in the vault.

mod authority;
mod bundle;
mod commands;
mod deletions;
mod home;
mod light;
mod register;
mod scenes;
mod session;
mod shadows;
mod things;

pub use bundle::{BenchBundle, BenchFiles, ThingBundle};
pub use commands::{KindRow, KindsAdd, ThingCommand, ThingCommanded};
pub use deletions::ThingDeletion;
pub use light::{LightAnswer, LightRequest};
pub use register::{ThingChange, ThingImport, ThingKeys, ThingNew, ThingStatus};
pub use scenes::{SceneName, SceneRun, SceneText};
pub use session::{BenchAllow, BenchStart, BenchState};
pub use shadows::{ShadowAsk, ShadowDocument, ShadowNames, ShadowSet, ShadowVersionRow};
pub use things::{ThingId, ThingRow, ThingSeries, ThingsAsk, ThingsPage};

pub(crate) use bundle::{bench_mosquitto, thing_bundle};
pub(crate) use commands::{kinds_add, thing_command, thing_kinds};
pub(crate) use deletions::{thing_delete, thing_deletion_retry, thing_deletions, thing_restore};
pub(crate) use register::{thing_change, thing_import, thing_register, thing_status};
pub(crate) use scenes::{scene_delete, scene_run, scene_save, scenes};
pub(crate) use session::{Session, bench_allow, bench_start, bench_state, bench_stop, change_case};
pub(crate) use shadows::{shadow_delete, shadow_history, shadow_set, shadow_version, shadows};
pub(crate) use things::{thing, thing_said, things};

pub(crate) mod recording;
