//! Chance that is the same each time: what is thrown follows from a seed.

use uuid::Uuid;

/// SplitMix64: small, quick, and good enough for lists of services.
pub(super) struct Dice(u64);

impl Dice {
    /// The dice of one thing of a kind: independent of all others.
    pub(super) fn of(kind: u64, number: u64) -> Self {
        let mut dice =
            Self(number.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ kind.wrapping_mul(0xd1b5_4a32_d192_ed03));
        let _first = dice.throw();
        dice
    }

    /// Any number.
    pub(super) const fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below another.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.throw().checked_rem(end).unwrap_or(0)
    }

    /// A number from 0 up to 1, in billionths.
    pub(super) fn part(&mut self) -> f64 {
        f64::from(u32::try_from(self.below(1_000_000_000)).unwrap_or(0)) / 1e9
    }

    /// Whether something happens that happens so many times in a hundred.
    pub(super) fn happens(&mut self, of_a_hundred: u64) -> bool {
        self.below(100) < of_a_hundred
    }

    /// One of several things.
    pub(super) fn pick<T: Copy + Default>(&mut self, of: &[T]) -> T {
        let place = self.below(u64::try_from(of.len()).unwrap_or(1));
        usize::try_from(place).ok().and_then(|place| of.get(place).copied()).unwrap_or_default()
    }

    /// One of several things, each as often as the number beside it says.
    pub(super) fn weighted<T: Copy + Default>(&mut self, of: &[(T, u64)]) -> T {
        let mut left = self.below(of.iter().map(|(_, often)| often).sum());
        for (thing, often) in of {
            match left.checked_sub(*often) {
                Some(rest) => left = rest,
                None => return *thing,
            }
        }
        T::default()
    }

    /// An id.
    pub(super) fn id(&mut self) -> Uuid {
        let (high, low) = (self.throw(), self.throw());
        uuid::Builder::from_random_bytes(((u128::from(high) << 64) | u128::from(low)).to_be_bytes())
            .into_uuid()
    }
}
