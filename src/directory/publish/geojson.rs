//! Points on a map, as RFC 7946 has them.

use std::io::Write;

use serde_json::json;

use super::{Offered, Writes};

/// Points while they are written, each on a line of its own.
#[derive(Default)]
pub(super) struct Points(u64);

impl Writes for Points {
    fn begin(&mut self, into: &mut dyn Write) -> std::io::Result<()> {
        into.write_all(b"{\"type\":\"FeatureCollection\",\"features\":[")
    }

    fn take(&mut self, offered: Offered, into: &mut dyn Write) -> std::io::Result<()> {
        // What nobody knows the place of is no point on a map.
        let Some((latitude, longitude)) = offered.at else { return Ok(()) };
        let service = &offered.service;
        let point = json!({
            "type": "Feature",
            "id": offered.place,
            "geometry": { "type": "Point", "coordinates": [longitude, latitude] },
            "properties": {
                "service": service.id, "service_code": service.service, "sectors": offered.sectors, "name": service.name, "provider": service.provider,
                "description": service.description, "url": service.url, "location": offered.location("name"),
                "address": offered.address("address_1"), "city": offered.address("city"), "country": offered.address("country"),
                "telephones": offered.telephones, "updated_at": service.updated_at,
                "verification": service.upkeep.verification, "verified_at": service.upkeep.verified_at,
                "flagged_at": service.upkeep.flagged_at,
            },
        });
        let comma = if self.0 == 0 { "\n" } else { ",\n" };
        self.0 = self.0.saturating_add(1);
        write!(into, "{comma}{point}")
    }

    fn end(&mut self, into: &mut dyn Write) -> std::io::Result<u64> {
        into.write_all(b"\n]}\n")?;
        Ok(self.0)
    }
}
