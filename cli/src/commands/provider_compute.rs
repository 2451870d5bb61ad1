//! What a compute provider has on the market, as `noema provider status --role compute` tells it.

use noema_compute_primitives::{ProviderInfo, Room};
use serde_json::{json, Value};

use crate::{amount::Amount, output::Fields};

pub(super) fn describe(text: Fields, market: &ProviderInfo) -> Fields {
    let room = match market.room {
        Room::Inactive => "none: it takes no new work".to_owned(),
        Room::UnderBonded { by } => format!(
            "none: open channels hold {} more than its bond carries",
            Amount(by)
        ),
        Room::Full => "none: open channels hold as much as its bond carries".to_owned(),
        Room::UpTo(most) => format!("up to {}", Amount(most)),
    };
    text.add("services", market.services)
        .add("open channels", market.channels)
        .add("held in them", Amount(market.reserved))
        .add("another channel", room)
}

pub(super) fn as_json(market: &ProviderInfo) -> Value {
    let (room, over) = match market.room {
        Room::Inactive | Room::Full => (0, 0),
        Room::UnderBonded { by } => (0, by),
        Room::UpTo(most) => (most, 0),
    };
    json!({
        "services": market.services,
        "channels": market.channels,
        "reserved": market.reserved.to_string(),
        "room": room.to_string(),
        "under_bonded_by": over.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn market(room: Room) -> ProviderInfo {
        ProviderInfo {
            bond: 5,
            services: 1,
            channels: 2,
            reserved: 3,
            room,
        }
    }

    #[test]
    fn room_is_told_with_its_reason() {
        let text = |room| describe(Fields::new(), &market(room)).to_string();
        assert!(text(Room::Inactive).contains("no new work"));
        assert!(text(Room::Full).contains("as much as"));
        assert!(text(Room::UnderBonded { by: 1 }).contains("more than its bond"));
        let most = Room::UpTo(2 * crate::amount::NOEMA);
        assert!(text(most).contains("up to 2 NOEMA"));
        assert_eq!(as_json(&market(most))["room"], "2000000000000000000");
        let under = as_json(&market(Room::UnderBonded { by: 7 }));
        assert_eq!(
            (&under["room"], &under["under_bonded_by"]),
            (&json!("0"), &json!("7"))
        );
    }
}
