//! Chores of the project: `cargo xtask run | test | bench | samples | generate`.

mod bench;
mod generate;
mod packages;
mod page;
mod program;
mod run;
mod samples;
mod steps;
mod test;

use std::env;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, bail};

const USAGE: &str = "\
usage: cargo xtask CHORE

  run                    install what is missing, build, and open the window on a case made from samples/
                         (where there is no display: print the case's summary)
  test                   install what is missing, then check everything there is to check
  bench import           import a made capture, against openssl, capinfos and tshark on the same file
      [--size 200M] [--mix small|bulk] [--seed 7] [--file CAPTURE] [--rounds 5]
  bench query            how long pages, filters and charts of the case that `bench import` left take
      [--case DIR] [--rounds 5]
  bench capture          whether a recording has all that tcpreplay sends, at which rate, beside dumpcap (Linux, as root)
      [--file CAPTURE] [--mbps 500] [--frames N] [--buffer 16] [--rounds 3] [--program lintel-capture]
      [--receiver 'PROGRAM .. {interface} {file}']    without --mbps: the highest rate at which dumpcap misses nothing
  bench identity         how well phones that change their addresses are put together, in a made-up crowd
      [--phones 40] [--seconds 7200] [--seed 7] [--program lintel]
  bench presence         how fast sightings are written, and how long their charts take
      [--sightings 10000000] [--devices 1000] [--days 14]
  bench broker           how many messages of a crowd of devices are kept and acknowledged in a second, and how soon
      [--devices 1000] [--rate 5000] [--seconds 10]
  generate FILE          make such a capture and nothing else
      [--size 200M] [--mix small|bulk] [--seed 7]
  samples                record samples/ anew";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        ["run"] => run::start(),
        ["test"] => return test::test(),
        ["bench", "import", options @ ..] => bench::import(options),
        ["bench", "query", options @ ..] => bench::query(options),
        ["bench", "capture", options @ ..] => bench::capture(options),
        ["bench", "identity", options @ ..] => bench::identity(options),
        ["bench", "presence", options @ ..] => bench::presence(options),
        ["bench", "broker", options @ ..] => bench::broker(options),
        ["generate", file, options @ ..] => bench::recipe(options).and_then(|(recipe, rest)| {
            nothing_left(&rest)?;
            println!("{} frames", generate::generate(recipe, Path::new(file))?);
            Ok(())
        }),
        ["samples"] => samples::record(),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The top of the project.
fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.ancestors().nth(2).unwrap_or(own).to_path_buf()
}

/// Where cargo builds.
fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |dir| root().join(dir))
}

fn nothing_left(options: &[(&str, &str)]) -> Result<()> {
    match options.first() {
        Some((name, _)) => bail!("there is no option {name}"),
        None => Ok(()),
    }
}
