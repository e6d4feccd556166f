//! The shared parts of a program as they grow: strings, lists, constants, nodes.

use crate::context::Slot;
use crate::document::{FlagSet, Scalar};
use crate::program::{
    Block, Comparator, FlagRecord, Head, NONE, Node, Program, RuleRecord, SegmentRecord, Set, SlotRecord, TenantRecord,
    VariantRecord, siphash, word,
};
use crate::{automaton, ip, version};
use serde_json::Value;
use std::collections::BTreeMap;

pub(super) struct Pools {
    hash_key: [u64; 2],
    string_ids: BTreeMap<String, u32>,
    strings: Vec<u32>,
    text: String,
    slot_numbers: BTreeMap<String, u32>,
    slots: Vec<SlotRecord>,
    number_ids: BTreeMap<u64, u32>,
    numbers: Vec<f64>,
    ids: Vec<u32>,
    id_lists: BTreeMap<Vec<u32>, u32>,
    hashes: Vec<u64>,
    sets: Vec<Set>,
    set_numbers: BTreeMap<[u32; 5], u32>,
    comparators: Vec<Comparator>,
    blocks: Vec<Block>,
    automaton_ids: BTreeMap<String, (u32, u32)>,
    automata: Vec<(u32, u32)>,
    tables: Vec<u8>,
    nodes: Vec<Node>,
    tenants: Vec<TenantRecord>,
}

impl Pools {
    pub(super) fn new(hash_key: [u64; 2]) -> Self {
        Pools {
            hash_key,
            string_ids: BTreeMap::new(),
            strings: vec![0],
            text: String::new(),
            slot_numbers: BTreeMap::new(),
            slots: Vec::new(),
            number_ids: BTreeMap::new(),
            numbers: Vec::new(),
            ids: Vec::new(),
            id_lists: BTreeMap::new(),
            hashes: Vec::new(),
            sets: Vec::new(),
            set_numbers: BTreeMap::new(),
            comparators: Vec::new(),
            blocks: Vec::new(),
            automaton_ids: BTreeMap::new(),
            automata: Vec::new(),
            tables: Vec::new(),
            nodes: Vec::new(),
            tenants: Vec::new(),
        }
    }

    pub(super) fn string(&mut self, text: &str) -> u32 {
        if let Some(id) = self.string_ids.get(text) {
            return *id;
        }
        let id = word(self.strings.len() - 1);
        self.text.push_str(text);
        self.strings.push(word(self.text.len()));
        self.string_ids.insert(text.to_owned(), id);
        id
    }

    pub(super) fn slot(&mut self, name: &str) -> u32 {
        if let Some(slot) = self.slot_numbers.get(name) {
            return *slot;
        }
        let slot = word(self.slots.len());
        let path = self.string(name);
        let flags = if name.starts_with("tenant.") { SlotRecord::OF_TENANT } else { 0 };
        self.slots.push(SlotRecord { path, flags });
        self.slot_numbers.insert(name.to_owned(), slot);
        slot
    }

    pub(super) fn text_slot(&mut self, name: &str) {
        self.slot_with(name, SlotRecord::NEEDS_TEXT);
    }

    pub(super) fn unit_slot(&mut self, name: &str) -> u32 {
        self.slot_with(name, SlotRecord::UNIT)
    }

    fn slot_with(&mut self, name: &str, flag: u32) -> u32 {
        let slot = self.slot(name);
        if let Some(record) = self.slots.get_mut(slot as usize) {
            record.flags |= flag;
        }
        slot
    }

    pub(super) fn number(&mut self, value: f64) -> u32 {
        let next = word(self.numbers.len());
        let id = *self.number_ids.entry(value.to_bits()).or_insert(next);
        if id == next {
            self.numbers.push(value);
        }
        id
    }

    /// The same list twice stands there once.
    pub(super) fn ids(&mut self, ids: &[u32]) -> u32 {
        if let Some(start) = self.id_lists.get(ids) {
            return *start;
        }
        let start = word(self.ids.len());
        self.ids.extend(ids);
        self.id_lists.insert(ids.to_vec(), start);
        start
    }

    /// The ids of texts, as a list; sorted and each once where asked.
    pub(super) fn texts<'t>(&mut self, texts: impl Iterator<Item = &'t str>, sorted: bool) -> (u32, u32) {
        let mut ids: Vec<u32> = texts.map(|text| self.string(text)).collect();
        if sorted {
            ids.sort_unstable();
            ids.dedup();
        }
        (self.ids(&ids), word(ids.len()))
    }

    fn hash_list(&mut self, mut hashes: Vec<u64>) -> (u32, u32) {
        hashes.sort_unstable();
        hashes.dedup();
        let start = word(self.hashes.len());
        self.hashes.extend(&hashes);
        (start, word(hashes.len()))
    }

    /// A segment's list of targeting keys.
    pub(super) fn people(&mut self, keys: &[String], hashed: bool) -> (u32, u32) {
        if !hashed {
            return self.texts(keys.iter().map(String::as_str), true);
        }
        if !keys.is_empty() {
            self.text_slot("targetingKey");
        }
        let hashes = keys.iter().map(|key| siphash(self.hash_key, key.as_bytes())).collect();
        self.hash_list(hashes)
    }

    pub(super) fn set(&mut self, values: &[Scalar], hashed: bool) -> u32 {
        let mut bits = if hashed { Set::HASHED } else { 0 };
        let (mut texts, mut numbers) = (Vec::new(), Vec::new());
        for value in values {
            match value {
                Scalar::Text(text) => texts.push(text.as_str()),
                Scalar::Number(number) => numbers.push(if *number == 0.0 { 0.0 } else { *number }),
                Scalar::Boolean(false) => bits |= Set::FALSE,
                Scalar::Boolean(true) => bits |= Set::TRUE,
            }
        }
        numbers.sort_by(f64::total_cmp);
        numbers.dedup();
        let set = if hashed {
            let mut hashes: Vec<u64> = texts.iter().map(|text| siphash(self.hash_key, text.as_bytes())).collect();
            hashes.extend(numbers.iter().map(|number| {
                let mut bytes = vec![0xFF];
                bytes.extend(number.to_le_bytes());
                siphash(self.hash_key, &bytes)
            }));
            let (start, count) = self.hash_list(hashes);
            Set { texts: start, text_count: count, numbers: 0, number_count: 0, bits }
        } else {
            let (start, count) = self.texts(texts.into_iter(), true);
            // Without numbers it does not matter where they begin, and such sets are alike.
            let first = if numbers.is_empty() { 0 } else { word(self.numbers.len()) };
            self.numbers.extend(&numbers);
            Set { texts: start, text_count: count, numbers: first, number_count: word(numbers.len()), bits }
        };
        let words = [set.texts, set.text_count, set.numbers, set.number_count, set.bits];
        let next = word(self.sets.len());
        let number = *self.set_numbers.entry(words).or_insert(next);
        if number == next {
            self.sets.push(set);
        }
        number
    }

    pub(super) fn automata(&mut self, patterns: &[String]) -> (u32, u32) {
        let start = word(self.automata.len());
        for pattern in patterns {
            let place = self.automaton_ids.get(pattern).copied().unwrap_or_else(|| {
                // Validation has compiled it already.
                let table = automaton::compile(pattern).unwrap_or_default();
                let place = (word(self.tables.len()), word(table.len()));
                self.tables.extend(table);
                self.automaton_ids.insert(pattern.clone(), place);
                place
            });
            self.automata.push(place);
        }
        (start, word(patterns.len()))
    }

    pub(super) fn ranges(&mut self, ranges: &[String]) -> (u32, u32) {
        let start = word(self.comparators.len());
        for range in ranges {
            let parsed = version::parse_range(range).unwrap_or_default();
            let last = parsed.len().saturating_sub(1);
            for (at, comparator) in parsed.iter().enumerate() {
                let bound = comparator.version;
                let pre = if bound.pre.is_empty() { NONE } else { self.string(bound.pre) };
                let relation = comparator.relation as u32 | if at == last { Comparator::LAST } else { 0 };
                self.comparators.push(Comparator { numbers: [bound.major, bound.minor, bound.patch], pre, relation });
            }
        }
        (start, word(self.comparators.len()) - start)
    }

    pub(super) fn blocks(&mut self, blocks: &[String]) -> (u32, u32) {
        let start = word(self.blocks.len());
        for block in blocks.iter().filter_map(|block| ip::parse_block(block).ok()) {
            self.blocks.push(Block {
                network: block.network.bits,
                family: block.network.family as u32,
                prefix: u32::from(block.prefix),
            });
        }
        (start, word(self.blocks.len()) - start)
    }

    pub(super) fn node_count(&self) -> u32 {
        word(self.nodes.len())
    }

    /// Takes the place of a node whose children follow.
    pub(super) fn open_node(&mut self) -> usize {
        self.nodes.push(Node { head: 0, a: 0, b: 0, next: 0 });
        self.nodes.len() - 1
    }

    pub(super) fn close_node(&mut self, node: usize, operator: u32, slot: u32, a: u32, b: u32) {
        let next = self.node_count();
        if let Some(node) = self.nodes.get_mut(node) {
            *node = Node { head: operator | slot << 8, a, b, next };
        }
    }

    /// The declared attributes that some slot asks for.
    pub(super) fn tenants(&mut self, document: &FlagSet) {
        let slots: Vec<(String, u32)> = self
            .slot_numbers
            .iter()
            .filter_map(|(name, slot)| name.strip_prefix("tenant.").map(|path| (path.to_owned(), *slot)))
            .collect();
        for (tenant, attributes) in &document.tenants {
            for (path, slot) in &slots {
                let Some(value) = crate::prepare::look_up(attributes, path).filter(|value| !value.is_null()) else {
                    continue;
                };
                let tenant = self.string(tenant.as_str());
                let (kind, a, b) = if let Value::Array(items) = value {
                    let pairs: Vec<u32> =
                        items.iter().map(|item| self.scalar(item)).flat_map(|(kind, a)| [kind, a]).collect();
                    (Slot::LIST, self.ids(&pairs), word(items.len()))
                } else {
                    let (kind, a) = self.scalar(value);
                    (kind, a, 0)
                };
                self.tenants.push(TenantRecord { tenant, slot: *slot, kind, a, b });
            }
        }
        self.tenants.sort_by_key(|record| (record.tenant, record.slot));
    }

    fn scalar(&mut self, value: &Value) -> (u32, u32) {
        match value {
            Value::Null => (Slot::ABSENT, 0),
            Value::Bool(false) => (Slot::FALSE, 0),
            Value::Bool(true) => (Slot::TRUE, 0),
            Value::Number(number) => match number.as_f64().filter(|number| number.is_finite()) {
                Some(number) => (Slot::NUMBER, self.number(number)),
                None => (Slot::ABSENT, 0),
            },
            Value::String(text) => (Slot::INTERNED, self.string(text)),
            Value::Array(_) | Value::Object(_) => (Slot::OBJECT, 0),
        }
    }

    pub(super) fn finish(
        self,
        head: Head,
        regions: Vec<u32>,
        segments: Vec<SegmentRecord>,
        flags: Vec<FlagRecord>,
        variants: Vec<VariantRecord>,
        rules: Vec<RuleRecord>,
    ) -> Program {
        let mut program = Program {
            head,
            strings: self.strings,
            text: self.text,
            regions,
            slots: self.slots,
            numbers: self.numbers,
            ids: self.ids,
            hashes: self.hashes,
            sets: self.sets,
            comparators: self.comparators,
            blocks: self.blocks,
            automata: self.automata,
            tables: self.tables,
            nodes: self.nodes,
            segments,
            flags,
            variants,
            rules,
            tenants: self.tenants,
            deep_segments: false,
        };
        program.settle();
        program
    }
}
