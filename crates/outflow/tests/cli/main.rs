//! The built binary, as a user meets it: help, errors, exit codes, configuration.

#[cfg(test)]
mod command;
#[cfg(test)]
mod config;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod help;
#[cfg(test)]
mod samples;
