//! Running other programs, with a sentence when one fails.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::{env, fmt};

use anyhow::{Context, Result, bail};

/// A program to run at the top of the project.
pub fn program<S: AsRef<OsStr>>(name: impl AsRef<OsStr>, arguments: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(name);
    command.args(arguments).current_dir(crate::root());
    command
}

/// The words of `line` as a program and its arguments.
pub fn words(line: &str) -> Command {
    let mut words = line.split_whitespace();
    program(words.next().unwrap_or_default(), words)
}

/// npm, which is a script on Windows.
pub fn npm(arguments: &str) -> Command {
    let mut command = program(if cfg!(windows) { "npm.cmd" } else { "npm" }, arguments.split_whitespace());
    command.current_dir(crate::root().join("ui"));
    command
}

/// Runs it; anything but exit code 0 is an error that names the program and the code.
pub fn run(command: &mut Command) -> Result<()> {
    run_allowing(command, &[0])
}

/// Runs it; an exit code that is not in `allowed` is an error.
pub fn run_allowing(command: &mut Command, allowed: &[i32]) -> Result<()> {
    let status = command.status().with_context(|| format!("starting {}", Shown(command)))?;
    match status.code() {
        Some(code) if allowed.contains(&code) => Ok(()),
        _ => bail!("{} ended with {}", Shown(command), Ended(status)),
    }
}

/// Runs it and gives back what it printed.
pub fn output(command: &mut Command) -> Result<String> {
    let output = command.stderr(Stdio::inherit()).output().with_context(|| format!("starting {}", Shown(command)))?;
    if !output.status.success() {
        bail!("{} ended with {}", Shown(command), Ended(output.status));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Where a program is that can be started by its name alone.
pub fn find(name: &str) -> Option<PathBuf> {
    let name = format!("{name}{}", env::consts::EXE_SUFFIX);
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(&name)).find(|path| path.is_file())
}

/// A program that cargo built: in `debug` or `release`.
pub fn built(profile: &str, name: &str) -> PathBuf {
    crate::target().join(profile).join(format!("{name}{}", env::consts::EXE_SUFFIX))
}

struct Shown<'a>(&'a Command);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let name = Path::new(self.0.get_program()).file_name().unwrap_or(self.0.get_program());
        write!(f, "`{}", name.to_string_lossy())?;
        for argument in self.0.get_args() {
            write!(f, " {}", argument.to_string_lossy())?;
        }
        f.write_str("`")
    }
}

struct Ended(ExitStatus);

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self.0.code() {
            Some(code) => write!(f, "exit code {code}"),
            None => write!(f, "{}", self.0),
        }
    }
}
