//! The Merkle tree over the leaves (RFC 6962), kept as tiles of 256 hashes (C2SP `tlog-tiles`).
//!
//! A complete tile never changes, so only complete tiles are stored. The incomplete ones at the right edge follow from the
//! leaves and from the roots of complete tiles, and are made when somebody asks for them.

use std::{cell::RefCell, collections::HashMap, fmt, str::FromStr};

use tlog_tiles::{Hash, HashReader, Tile};

use super::AuditError;
use crate::kernel::Digest;

/// How many levels of the tree one tile spans.
pub const TILE_HEIGHT: u8 = 8;

/// How many hashes a complete tile holds.
pub const TILE_WIDTH: u64 = 256;

/// The root of the tree without leaves: SHA-256 of nothing.
pub fn empty_root() -> Digest {
    Digest::of([])
}

/// A tile: `width` hashes at tree level `8 × level`, from `index × 256` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TileName {
    /// Level in tiles: 0 holds leaves, 1 holds roots of level 0, and so on.
    pub level: u8,
    /// Place within the level.
    pub index: u64,
    /// How many hashes: 1 to 256.
    pub width: u16,
}

/// What a path under `tile/` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TilePath {
    /// Hashes.
    Hashes(TileName),
    /// The entries under a tile of level 0.
    Entries(TileName),
}

/// The text is not a path of a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a path such as tile/0/x001/234.p/5 or tile/entries/000")]
pub struct NotATilePath;

/// A tile that has just become complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completed {
    /// Which.
    pub tile: TileName,
    /// Its 256 hashes.
    pub hashes: Vec<Digest>,
    /// Their root, which is a hash of the tile above.
    pub root: Digest,
}

/// The right edge of a tree: everything that is needed to append to it and to know its root, at most 255 hashes a level.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edge {
    size: u64,
    levels: Vec<Vec<Digest>>,
}

impl TileName {
    /// The tile with this place in a tree of `size` leaves; nothing where that tree has none there.
    pub fn within(size: u64, level: u8, index: u64) -> Option<Self> {
        let hashes = size.checked_shr(u32::from(level).saturating_mul(8)).unwrap_or(0);
        let first = index.checked_mul(TILE_WIDTH)?;
        let width = hashes.checked_sub(first)?.min(TILE_WIDTH);
        u16::try_from(width).ok().filter(|width| *width > 0).map(|width| Self { level, index, width })
    }

    /// Whether it holds all the hashes it will ever hold.
    pub fn is_complete(self) -> bool {
        u64::from(self.width) == TILE_WIDTH
    }

    /// Where its first hash stands within its level.
    pub const fn first(self) -> u64 {
        self.index.saturating_mul(TILE_WIDTH)
    }

    fn tail(self) -> String {
        let mut rest = self.index;
        let mut path = format!("{:03}", rest % 1000);
        while rest >= 1000 {
            rest /= 1000;
            path = format!("x{:03}/{path}", rest % 1000);
        }
        if self.is_complete() { path } else { format!("{path}.p/{}", self.width) }
    }
}

impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hashes(tile) => write!(f, "tile/{}/{}", tile.level, tile.tail()),
            Self::Entries(tile) => write!(f, "tile/entries/{}", tile.tail()),
        }
    }
}

impl FromStr for TilePath {
    type Err = NotATilePath;

    fn from_str(text: &str) -> Result<Self, NotATilePath> {
        if text.len() > 64 {
            return Err(NotATilePath);
        }
        let (level, tail) =
            text.strip_prefix("tile/").and_then(|rest| rest.split_once('/')).ok_or(NotATilePath)?;
        let (groups, width) = match tail.split_once(".p/") {
            Some((groups, width)) => (groups, width.parse().map_err(|_ignored| NotATilePath)?),
            None => (tail, 256),
        };
        let mut index = 0u64;
        for group in groups.split('/') {
            let digits: u64 =
                group.strip_prefix('x').unwrap_or(group).parse().map_err(|_ignored| NotATilePath)?;
            index = index.checked_mul(1000).and_then(|i| i.checked_add(digits)).ok_or(NotATilePath)?;
        }
        let tile = |level| TileName { level, index, width };
        let path = if level == "entries" {
            Self::Entries(tile(0))
        } else {
            Self::Hashes(tile(level.parse().ok().filter(|level| *level < 8).ok_or(NotATilePath)?))
        };
        // Writing it again settles everything at once: digits, groups, leading zeros, a width of zero or too much.
        if width > 0 && width <= 256 && path.to_string() == text { Ok(path) } else { Err(NotATilePath) }
    }
}

impl Edge {
    /// The edge of a tree of `size` leaves, put together from what is stored: for each level, the hashes behind the last
    /// complete tile. [`Edge::wanted`] says which.
    pub fn load(size: u64, levels: Vec<Vec<Digest>>) -> Result<Self, AuditError> {
        let edge = Self { size, levels };
        let fits = |(level, hashes): (usize, &Vec<Digest>)| {
            let wanted = u8::try_from(level).ok().and_then(|level| Self::wanted(size, level));
            wanted.map_or(0, |(_, count)| count) == u64::try_from(hashes.len()).unwrap_or(u64::MAX)
        };
        let enough = (0..8u8)
            .all(|level| Self::wanted(size, level).is_none() || usize::from(level) < edge.levels.len());
        if enough && edge.levels.iter().enumerate().all(fits) {
            Ok(edge)
        } else {
            Err(AuditError::Broken("the edge of the stored tree does not fit its size"))
        }
    }

    /// Which hashes of a level the edge of a tree of `size` leaves holds: the first, and how many. Nothing above the top.
    pub fn wanted(size: u64, level: u8) -> Option<(u64, u64)> {
        let hashes = size.checked_shr(u32::from(level).saturating_mul(8)).filter(|hashes| *hashes > 0)?;
        let count = hashes % TILE_WIDTH;
        Some((hashes.saturating_sub(count), count))
    }

    /// How many leaves the tree has.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf. Tiles that it completes are given to `completed`, lowest first.
    pub fn push(&mut self, leaf: Digest, mut completed: impl FnMut(Completed)) {
        self.size = self.size.saturating_add(1);
        let mut hash = leaf;
        for level in 0..8u8 {
            if self.levels.len() <= usize::from(level) {
                self.levels.push(Vec::new());
            }
            let Some(hashes) = self.levels.get_mut(usize::from(level)) else { return };
            hashes.push(hash);
            if hashes.len() < 256 {
                return;
            }
            let full = std::mem::take(hashes);
            hash = subtree(&full);
            let behind = self.size.checked_shr(u32::from(level).saturating_add(1).saturating_mul(8));
            let tile = TileName { level, index: behind.unwrap_or(0).saturating_sub(1), width: 256 };
            completed(Completed { tile, hashes: full, root: hash });
        }
    }

    /// The root of the tree.
    pub fn root(&self) -> Digest {
        let mut peaks = Vec::new();
        for hashes in self.levels.iter().rev() {
            let mut rest = hashes.as_slice();
            while !rest.is_empty() {
                let (peak, behind) = rest.split_at(largest_power_of_two(rest.len()));
                peaks.push(subtree(peak));
                rest = behind;
            }
        }
        let Some(mut root) = peaks.pop() else { return empty_root() };
        while let Some(peak) = peaks.pop() {
            root = node(peak, root);
        }
        root
    }
}

/// Gives the hashes of a tile, at least as many as its name says.
pub type Fetch<'a> = dyn FnMut(TileName) -> Result<Vec<Digest>, AuditError> + 'a;

/// The root of the tree of `size` leaves, from its tiles.
pub fn root(size: u64, fetch: &mut Fetch<'_>) -> Result<Digest, AuditError> {
    let hashes = Hashes::new(size, fetch);
    let root = tlog_tiles::tree_hash(size, &hashes);
    hashes.settle(root).map(digest)
}

/// The proof that the tree of `size` leaves has its leaf number `index` where it says: hashes from the leaf's neighbour upwards.
pub fn prove_inclusion(size: u64, index: u64, fetch: &mut Fetch<'_>) -> Result<Vec<Digest>, AuditError> {
    if index >= size {
        return Err(AuditError::NotInTree);
    }
    let hashes = Hashes::new(size, fetch);
    let proof = tlog_tiles::prove_record(size, index, &hashes);
    Ok(hashes.settle(proof)?.into_iter().map(digest).collect())
}

/// The proof that the tree of `size` leaves begins with the tree of `earlier` leaves.
pub fn prove_consistency(size: u64, earlier: u64, fetch: &mut Fetch<'_>) -> Result<Vec<Digest>, AuditError> {
    if earlier == 0 || earlier > size {
        return Err(AuditError::NotInTree);
    }
    let hashes = Hashes::new(size, fetch);
    let proof = tlog_tiles::prove_tree(size, earlier, &hashes);
    Ok(hashes.settle(proof)?.into_iter().map(digest).collect())
}

/// Checks a proof of inclusion.
pub fn check_inclusion(
    proof: &[Digest],
    (size, root): (u64, Digest),
    (index, leaf): (u64, Digest),
) -> Result<(), AuditError> {
    if proof.len() > 64 {
        return Err(AuditError::BadProof);
    }
    let proof = proof.iter().copied().map(hash).collect();
    tlog_tiles::check_record(&proof, size, hash(root), index, hash(leaf))
        .map_err(|_reason| AuditError::BadProof)
}

/// Checks a proof of consistency.
pub fn check_consistency(
    proof: &[Digest],
    (size, root): (u64, Digest),
    (earlier, earlier_root): (u64, Digest),
) -> Result<(), AuditError> {
    if proof.len() > 128 {
        return Err(AuditError::BadProof);
    }
    let proof = proof.iter().copied().map(hash).collect();
    tlog_tiles::check_tree(&proof, size, hash(root), earlier, hash(earlier_root))
        .map_err(|_reason| AuditError::BadProof)
}

/// The root of a perfect subtree over 1, 2, 4, … hashes.
fn subtree(hashes: &[Digest]) -> Digest {
    match hashes {
        [] => empty_root(),
        [one] => *one,
        more => {
            let (left, right) = more.split_at(more.len() / 2);
            node(subtree(left), subtree(right))
        }
    }
}

fn node(left: Digest, right: Digest) -> Digest {
    Digest::of_parts([[1u8].as_slice(), left.as_bytes(), right.as_bytes()])
}

const fn largest_power_of_two(count: usize) -> usize {
    match count.checked_ilog2() {
        Some(log) => 1 << log,
        None => 0,
    }
}

const fn hash(digest: Digest) -> Hash {
    Hash(*digest.as_bytes())
}

const fn digest(hash: Hash) -> Digest {
    Digest::from_bytes(hash.0)
}

/// Reads single hashes of the tree out of its tiles, each tile fetched once.
struct Hashes<'f, 'a> {
    size: u64,
    state: RefCell<State<'f, 'a>>,
}

struct State<'f, 'a> {
    fetch: &'f mut Fetch<'a>,
    tiles: HashMap<(u8, u64), (TileName, Vec<u8>)>,
    failure: Option<AuditError>,
}

impl<'f, 'a> Hashes<'f, 'a> {
    fn new(size: u64, fetch: &'f mut Fetch<'a>) -> Self {
        Self { size, state: RefCell::new(State { fetch, tiles: HashMap::new(), failure: None }) }
    }

    /// The failure of a fetch goes before what the tree library makes of it.
    fn settle<T>(self, outcome: Result<T, tlog_tiles::Error>) -> Result<T, AuditError> {
        match (self.state.into_inner().failure, outcome) {
            (Some(failure), _) => Err(failure),
            (None, Ok(value)) => Ok(value),
            (None, Err(_)) => Err(AuditError::Broken("a stored tile does not fit the tree")),
        }
    }
}

impl State<'_, '_> {
    fn hash_at(&mut self, size: u64, index: u64) -> Result<Hash, AuditError> {
        let wrong = AuditError::Broken("a hash outside of the tree was asked for");
        let least = Tile::from_index(TILE_HEIGHT, index);
        let key = (least.level(), least.level_index());
        if !self.tiles.contains_key(&key) {
            let Some(name) = TileName::within(size, key.0, key.1) else { return Err(wrong) };
            let hashes = (self.fetch)(name)?;
            let data: Vec<u8> =
                hashes.iter().take(usize::from(name.width)).flat_map(|hash| *hash.as_bytes()).collect();
            if data.len() != usize::from(name.width).saturating_mul(32) {
                return Err(AuditError::Broken("a stored tile is too short"));
            }
            self.tiles.insert(key, (name, data));
        }
        let Some((name, data)) = self.tiles.get(&key) else { return Err(wrong) };
        let tile = Tile::new(TILE_HEIGHT, name.level, name.index, u32::from(name.width), false);
        tile.hash_at_index(data, index).map_err(|_reason| wrong)
    }
}

impl HashReader for Hashes<'_, '_> {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, tlog_tiles::Error> {
        let mut state = self.state.borrow_mut();
        let mut found = Vec::with_capacity(indexes.len());
        for index in indexes {
            match state.hash_at(self.size, *index) {
                Ok(hash) => found.push(hash),
                Err(failure) => {
                    state.failure = Some(failure);
                    return Err(tlog_tiles::Error::InvalidTile);
                }
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// A tree in memory, kept as the database keeps it: leaves, complete tiles, roots.
    #[derive(Default)]
    struct Forest {
        edge: Edge,
        leaves: Vec<Digest>,
        tiles: BTreeMap<(u8, u64), Completed>,
        roots: Vec<Digest>,
    }

    impl Forest {
        fn of(size: u64) -> Self {
            let mut forest = Self { roots: vec![empty_root()], ..Self::default() };
            for n in 0..size {
                let leaf = Digest::of(n.to_be_bytes());
                let tiles = &mut forest.tiles;
                forest.edge.push(leaf, |done| {
                    assert!(tiles.insert((done.tile.level, done.tile.index), done).is_none());
                });
                forest.leaves.push(leaf);
                if size <= 1000 {
                    forest.roots.push(forest.edge.root());
                }
            }
            forest
        }

        fn fetch(&self, tile: TileName) -> Vec<Digest> {
            if let Some(done) = self.tiles.get(&(tile.level, tile.index)) {
                return done.hashes.clone();
            }
            let hash = |n: u64| {
                if tile.level == 0 {
                    self.leaves[usize::try_from(n).unwrap()]
                } else {
                    self.tiles[&(tile.level - 1, n)].root
                }
            };
            (tile.first()..tile.first() + u64::from(tile.width)).map(hash).collect()
        }
    }

    #[test]
    fn the_edge_and_the_tiles_agree_on_every_root() {
        let forest = Forest::of(600);
        for size in [0, 1, 2, 3, 7, 8, 255, 256, 257, 511, 512, 513, 600] {
            let root = root(size, &mut |tile| Ok(forest.fetch(tile))).unwrap();
            assert_eq!(root, forest.roots[usize::try_from(size).unwrap()], "{size}");
        }
    }

    #[test]
    fn three_levels_of_tiles_fit_together() {
        let forest = Forest::of(65_536 + 300);
        assert_eq!(forest.tiles.len(), 257 + 1);
        assert_eq!(root(65_836, &mut |tile| Ok(forest.fetch(tile))).unwrap(), forest.edge.root());
        let proof = prove_inclusion(65_836, 65_535, &mut |tile| Ok(forest.fetch(tile))).unwrap();
        let leaf = forest.leaves[65_535];
        check_inclusion(&proof, (65_836, forest.edge.root()), (65_535, leaf)).unwrap();
    }

    #[test]
    fn known_roots_do_not_change() {
        let forest = Forest::of(3);
        let [a, b, c] = [forest.leaves[0], forest.leaves[1], forest.leaves[2]];
        assert_eq!(forest.roots[1], a);
        assert_eq!(forest.roots[3], node(node(a, b), c));
        assert_eq!(empty_root().to_string(), "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU");
    }

    #[test]
    fn every_leaf_is_proven_and_no_other_leaf_passes() {
        let forest = Forest::of(300);
        for (size, index) in [(1, 0), (2, 1), (256, 0), (257, 256), (300, 0), (300, 255), (300, 299)] {
            let proof = prove_inclusion(size, index, &mut |tile| Ok(forest.fetch(tile))).unwrap();
            let tree = (size, forest.roots[usize::try_from(size).unwrap()]);
            let leaf = forest.leaves[usize::try_from(index).unwrap()];
            check_inclusion(&proof, tree, (index, leaf)).unwrap();
            assert!(check_inclusion(&proof, tree, (index, Digest::of(b"other"))).is_err());
            assert!(check_inclusion(&proof, (size, Digest::of(b"other")), (index, leaf)).is_err());
            if size > 1 {
                assert!(check_inclusion(&proof[1..], tree, (index, leaf)).is_err());
            }
        }
        let beyond = prove_inclusion(300, 300, &mut |tile| Ok(forest.fetch(tile)));
        assert!(matches!(beyond, Err(AuditError::NotInTree)));
    }

    #[test]
    fn a_tree_that_forgot_is_not_consistent() {
        let (forest, other) = (Forest::of(300), Forest::of(290));
        for earlier in [1, 2, 255, 256, 257, 290, 300] {
            let proof = prove_consistency(300, earlier, &mut |tile| Ok(forest.fetch(tile))).unwrap();
            let now = (300, forest.roots[300]);
            let before = (earlier, forest.roots[usize::try_from(earlier).unwrap()]);
            check_consistency(&proof, now, before).unwrap();
            assert!(check_consistency(&proof, now, (earlier, Digest::of(b"other"))).is_err());
        }
        let proof = prove_consistency(300, 290, &mut |tile| Ok(forest.fetch(tile))).unwrap();
        check_consistency(&proof, (300, forest.roots[300]), (290, other.roots[290])).unwrap();
    }

    #[test]
    fn an_edge_comes_back_from_what_is_stored() {
        for size in [0u64, 1, 255, 256, 300, 65_536 + 300] {
            let forest = Forest::of(size);
            let mut levels = Vec::new();
            for level in 0..8 {
                let Some((first, count)) = Edge::wanted(size, level) else { break };
                let tile = TileName { level, index: first / 256, width: u16::try_from(count).unwrap() };
                levels.push(if count == 0 { Vec::new() } else { forest.fetch(tile) });
            }
            let loaded = Edge::load(size, levels).unwrap();
            assert_eq!(loaded.root(), forest.edge.root(), "{size}");
        }
        assert!(Edge::load(2, vec![vec![Digest::of(b"a")]]).is_err());
        assert!(Edge::load(256, vec![Vec::new()]).is_err());
    }

    #[test]
    fn a_short_tile_is_noticed() {
        let forest = Forest::of(300);
        let short = prove_inclusion(300, 0, &mut |tile| {
            let mut hashes = forest.fetch(tile);
            hashes.pop();
            Ok(hashes)
        });
        assert!(matches!(short, Err(AuditError::Broken(_))));
    }

    #[test]
    fn paths_of_tiles_are_read_and_written_and_nothing_else_passes() {
        for path in ["tile/0/000", "tile/1/999.p/255", "tile/0/x001/234.p/1", "tile/entries/x001/x234/067"] {
            assert_eq!(path.parse::<TilePath>().map(|p| p.to_string()), Ok(path.to_owned()));
        }
        for path in [
            "",
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/000.p/+5",
            "tile/8/000",
            "tile/-1/000",
            "tile/0/0",
            "tile/0/x000/001",
            "tile/0/001/234",
            "tile/0/../000",
            "tile/data/000",
            "tile/0/x018/x446/x744/x073/x709/x551/x616/000",
        ] {
            assert_eq!(path.parse::<TilePath>(), Err(NotATilePath), "{path}");
        }
    }
}
