//! The workbench that entrances, couriers and jobs share: reads, writes, clock, ids and keys.
