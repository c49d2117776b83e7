//! The router seen from outside: frames go in, records come out.

#[cfg(test)]
mod changes;
#[cfg(test)]
mod columns;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod key_and_headers;
#[cfg(test)]
mod messages;
#[cfg(test)]
mod model;
#[cfg(test)]
mod payload;
#[cfg(test)]
mod shapes;
#[cfg(test)]
mod timestamp;
#[cfg(test)]
mod topic;
#[cfg(test)]
mod wire;
