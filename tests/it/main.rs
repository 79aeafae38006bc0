//! One binary of integration tests; see the folders for what they look at.
#![cfg(test)]

mod acceptance;
mod api;
mod audit;
mod cli;
mod docs;
mod process;
mod rooms;
mod schemas;
mod storage;
mod stories;
mod support;
mod web;
mod wire;
