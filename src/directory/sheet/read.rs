//! The list as a table of text: its encoding, its separator, its lines.

use std::{fs::File, io::Read as _, path::Path};

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

use super::hxl::{self, Tag};
use crate::directory::{
    hsds::{HsdsError, Problem, Severity},
    lines::LineCount,
};

/// The largest list.
const BYTES_MAX: u64 = 32 * 1024 * 1024;

/// The most rows of a list.
const ROWS_MAX: usize = 100_000;

/// The longest row, in bytes.
const ROW_BYTES_MAX: usize = 1024 * 1024;

/// The most columns.
const COLUMNS_MAX: usize = 128;

/// A list that was read.
#[derive(Debug)]
pub struct Sheet {
    pub(in crate::directory) file: String,
    /// Names of the columns, with single blanks; empty where a column has none.
    pub(in crate::directory) columns: Vec<String>,
    /// Their hashtags, where the list has a row of them.
    tags: Vec<Option<Tag>>,
    pub(in crate::directory) rows: Vec<SheetRow>,
    pub(in crate::directory) problems: Vec<Problem>,
}

#[derive(Debug)]
pub(in crate::directory) struct SheetRow {
    /// The line it begins on.
    pub(in crate::directory) line: u64,
    pub(in crate::directory) cells: Vec<String>,
}

impl Sheet {
    /// Reads a list.
    pub fn open(path: &Path) -> Result<Self, HsdsError> {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let unreadable = |source| HsdsError::File { file: name.clone(), source };
        let mut bytes = Vec::new();
        let file = File::open(path).map_err(unreadable)?;
        file.take(BYTES_MAX.saturating_add(1)).read_to_end(&mut bytes).map_err(unreadable)?;
        Self::of(name, &bytes)
    }

    pub(in crate::directory) fn of(file: String, bytes: &[u8]) -> Result<Self, HsdsError> {
        let form = |reason: String| HsdsError::Form { file: file.clone(), reason };
        if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > BYTES_MAX {
            return Err(form(String::from("it is larger than 32 MiB; part it")));
        }
        let mut problems = Vec::new();
        let text = decode(bytes, &mut problems).map_err(|reason| form(reason.to_owned()))?;
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(separator(&text))
            .has_headers(false)
            .flexible(true)
            .from_reader(text.as_bytes());
        let (mut records, mut lines) = (Vec::new(), LineCount::new());
        lines.read(text.as_bytes());
        for record in reader.records() {
            let record = record.map_err(|reason| form(reason.to_string()))?;
            let line = lines.line_of(record.position().map_or(0, csv::Position::byte));
            if record.as_slice().len() > ROW_BYTES_MAX {
                return Err(form(format!(
                    "the row on line {line} is longer than 1 MiB; a quote may be missing"
                )));
            }
            if records.len() > ROWS_MAX {
                return Err(form(format!("it has more than {ROWS_MAX} rows; part it")));
            }
            records.push((line, record));
        }
        let mut records = records.into_iter();
        let (_, header) = records.next().ok_or_else(|| form(String::from("it is empty")))?;
        let columns = columns(&header).map_err(|reason| form(reason.to_owned()))?;
        let is_empty = |record: &csv::StringRecord| record.iter().all(|cell| cell.trim().is_empty());
        let mut records = records.filter(|(_, record)| !is_empty(record)).peekable();
        let tags = hxl::tags(header.iter()).or_else(|| {
            let below = records.peek().and_then(|(_, record)| hxl::tags(record.iter()))?;
            records.next();
            Some(below)
        });
        let mut rows = Vec::new();
        for (line, record) in records {
            match row(&columns, line, &record) {
                Ok(row) => rows.push(row),
                Err(problem) => problems.push(problem),
            }
        }
        Ok(Self { file, columns, tags: tags.unwrap_or_default(), rows, problems })
    }

    /// Where a column stands; nothing when it is not there or there twice.
    pub(super) fn column(&self, name: &str) -> Option<usize> {
        let mut places =
            self.columns.iter().enumerate().filter(|(_, column)| *column == name).map(|(place, _)| place);
        places.next().filter(|_| places.next().is_none())
    }

    /// The hashtag of a column; nothing when it has none, or the name stands twice.
    pub(super) fn tag(&self, name: &str) -> Option<&Tag> {
        self.tags.get(self.column(name)?)?.as_ref()
    }
}

/// The text, whatever it was saved as.
fn decode(bytes: &[u8], problems: &mut Vec<Problem>) -> Result<String, &'static str> {
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"\xd0\xcf\x11\xe0") {
        return Err("it is a workbook; save the table as CSV");
    }
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        let (text, faulty) = encoding.decode_without_bom_handling(bytes.get(mark..).unwrap_or_default());
        if faulty {
            return Err("its text is damaged; save it again as CSV in UTF-8");
        }
        return Ok(text.into_owned());
    }
    if bytes.contains(&0) {
        return Err("it is not a text file, or UTF-16 without a mark; save the table as CSV in UTF-8");
    }
    let (text, faulty) = UTF_8.decode_without_bom_handling(bytes);
    if !faulty {
        return Ok(text.into_owned());
    }
    problems.push(Problem {
        severity: Severity::Warned,
        code: "encoding",
        table: String::from("list"),
        line: None,
        column: None,
        what: String::from("the list is not UTF-8 and was read as Windows-1252 (Latin-1)."),
        remedy: "look whether letters with accents are right; if not, save the list as CSV in UTF-8",
    });
    Ok(WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned())
}

/// What parts the cells: what makes the most columns of the first line.
fn separator(text: &str) -> u8 {
    let columns = |separator: &u8| {
        let mut reader =
            csv::ReaderBuilder::new().delimiter(*separator).has_headers(false).from_reader(text.as_bytes());
        let mut first = csv::StringRecord::new();
        let is_there = reader.read_record(&mut first).unwrap_or(false);
        if is_there { first.len() } else { 0 }
    };
    // Of several that make as many, the last wins.
    [b'\t', b';', b','].into_iter().max_by_key(columns).unwrap_or(b',')
}

fn columns(header: &csv::StringRecord) -> Result<Vec<String>, &'static str> {
    if header.len() > COLUMNS_MAX {
        return Err("it has more than 128 columns");
    }
    if header.len() < 2 {
        return Err(
            "it has one column only; the first line names the columns, parted by commas, semicolons or tabs",
        );
    }
    let columns: Vec<String> =
        header.iter().map(|name| name.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    if columns.iter().any(|name| name.chars().count() > 200 || name.chars().any(char::is_control)) {
        return Err("its first line has a column name that is overlong or holds control characters");
    }
    Ok(columns)
}

fn row(columns: &[String], line: u64, record: &csv::StringRecord) -> Result<SheetRow, Problem> {
    let beyond = record.iter().skip(columns.len()).any(|cell| !cell.trim().is_empty());
    if beyond || record.len() < columns.len() {
        return Err(Problem {
            severity: Severity::Refused,
            code: "cell_count",
            table: String::from("list"),
            line: Some(line),
            column: None,
            what: format!("the row has {} cells, the first line {};", record.len(), columns.len()),
            remedy: "a cell with the separator or a line break in it needs quotes around it",
        });
    }
    let cells = record.iter().take(columns.len()).map(|cell| cell.trim().to_owned()).collect();
    Ok(SheetRow { line, cells })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(bytes: &[u8]) -> Vec<(u64, Vec<String>)> {
        let sheet = Sheet::of(String::from("list.csv"), bytes).unwrap();
        sheet.rows.into_iter().map(|row| (row.line, row.cells)).collect()
    }

    fn refused(bytes: &[u8]) -> String {
        Sheet::of(String::from("list.csv"), bytes).unwrap_err().to_string()
    }

    #[test]
    fn one_table_in_every_encoding_and_with_every_separator_is_one_table() {
        let text = "Nom;Ville\r\n\"Café; \"\"Été\"\"\r\nà deux\";Sfax\r\n\r\n;\r\nŒuvre;Gabès\r\n";
        let utf16 = |bytes: fn(u16) -> [u8; 2], mark: &[u8]| {
            [mark, &text.encode_utf16().flat_map(bytes).collect::<Vec<u8>>()].concat()
        };
        let plain = cells(text.as_bytes());
        assert_eq!(plain[0], (2, vec!["Café; \"Été\"\r\nà deux".to_owned(), "Sfax".to_owned()]));
        assert_eq!(plain[1], (6, vec!["Œuvre".to_owned(), "Gabès".to_owned()]), "lines as an editor counts");
        assert_eq!(plain.len(), 2, "empty rows are none");
        let latin = WINDOWS_1252.encode(text).0;
        for bytes in [
            ["\u{feff}", text].concat().into_bytes(),
            utf16(u16::to_le_bytes, b"\xff\xfe"),
            utf16(u16::to_be_bytes, b"\xfe\xff"),
            latin.to_vec(),
        ] {
            assert_eq!(cells(&bytes), plain);
        }
        for separator in [",", "\t"] {
            let other = text.replace("Café; ", "Café# ").replace(';', separator).replace('#', ";");
            assert_eq!(cells(other.as_bytes()), plain);
        }
        assert_eq!(cells(text.replace('\r', "").as_bytes())[1].0, 6);
        let sheet = Sheet::of(String::new(), &latin).unwrap();
        assert!(sheet.problems[0].what.contains("Windows-1252"), "a guess is said");
        assert!(Sheet::of(String::new(), text.as_bytes()).unwrap().problems.is_empty());
    }

    #[test]
    fn a_row_of_hashtags_is_no_row_of_the_list() {
        let below = "Organisation,Service\n\n#org , #service+name\nA,B\n#org,#service\n";
        assert_eq!(
            cells(below.as_bytes()),
            [(4, vec!["A".to_owned(), "B".to_owned()]), (5, vec!["#org".to_owned(), "#service".to_owned()])],
            "the first below the names"
        );
        let sheet = Sheet::of(String::new(), below.as_bytes()).unwrap();
        assert!(sheet.tag("Service").is_some() && sheet.problems.is_empty());
        let instead = "#org,#service\n#org,#service\nA,B\n";
        assert_eq!(cells(instead.as_bytes()).len(), 2, "one row of them");
        let short = "Organisation,Service,Remark\n#org,#service\nA,B,C\n";
        let sheet = Sheet::of(String::new(), short.as_bytes()).unwrap();
        assert!(sheet.problems.is_empty() && sheet.rows.len() == 1 && sheet.tag("Remark").is_none());
    }

    #[test]
    fn what_is_no_list_is_refused() {
        let wide = (0..10_000).map(|n| format!("c{n}")).collect::<Vec<_>>().join(";");
        let endless = [b"a;b\n\"".to_vec(), vec![b'x'; 2 * 1024 * 1024]].concat();
        for (bytes, says) in [
            (wide.as_bytes(), "128 columns"),
            (&endless, "line 2 is longer than 1 MiB"),
            (b"PK\x03\x04", "workbook"),
            (b"a\0;\0b\0", "UTF-16"),
            (b"\xff\xfea\0;\0b\0\x00\xd8", "damaged"),
            (b"name\nx\n", "one column"),
            (b"", "empty"),
            (b"a;b\x07\n", "control"),
        ] {
            assert!(refused(bytes).contains(says), "{says}: {}", refused(bytes));
        }
        let many = ["a;b\n".to_owned(), "1;2\n".repeat(ROWS_MAX + 2)].concat();
        assert!(refused(many.as_bytes()).contains("rows; part it"));
        let large = vec![b' '; usize::try_from(BYTES_MAX).unwrap() + 1];
        assert!(refused(&large).contains("32 MiB"));
    }

    #[test]
    fn a_row_with_other_cells_than_the_first_line_is_refused_alone() {
        let sheet = Sheet::of(String::new(), b"a;b\n1\n1;2;;\n1;2;3\n").unwrap();
        assert_eq!(sheet.rows.len(), 1, "empty cells beyond the last column are none");
        let lines: Vec<_> = sheet.problems.iter().map(|p| (p.code, p.line)).collect();
        assert_eq!(lines, [("cell_count", Some(2)), ("cell_count", Some(4))]);
    }
}
