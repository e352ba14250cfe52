//! The page that lists a folder.

use std::ffi::{OsStr, OsString};
use std::fmt::Write;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt;
use std::time::SystemTime;

use rustix::fs::{AtFlags, Dir, FileType, statat};

use super::lookup::modified;
use super::path::{RequestPath, encode};

/// A folder longer than this is listed in part: a page of more lines helps nobody.
const ENTRIES_MAX: usize = 10_000;

const STYLE: &str = "\
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;width:100%}
td{padding:.15rem .75rem .15rem 0;white-space:nowrap}
td:first-child{width:100%;white-space:normal;overflow-wrap:anywhere}
td.n{text-align:right;font-variant-numeric:tabular-nums;opacity:.7}
a{text-decoration:none}a:hover{text-decoration:underline}";

struct Entry {
    name: OsString,
    is_folder: bool,
    len: u64,
    modified: SystemTime,
}

/// The page for an opened folder; blocks.
pub(super) fn page(folder: &OwnedFd, path: &RequestPath) -> io::Result<String> {
    let (entries, complete) = read(folder)?;
    Ok(render(&entries, complete, path))
}

fn read(folder: &OwnedFd) -> io::Result<(Vec<Entry>, bool)> {
    let mut entries = Vec::new();
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if matches!(name.to_bytes(), b"." | b"..") {
            continue;
        }
        if entries.len() == ENTRIES_MAX {
            return Ok((entries, false));
        }
        // A link is listed as what it is, not followed: it may lead out of the folder.
        let Ok(stat) = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) else { continue };
        entries.push(Entry {
            name: OsString::from_vec(name.to_bytes().to_vec()),
            is_folder: FileType::from_raw_mode(stat.st_mode).is_dir(),
            len: u64::try_from(stat.st_size).unwrap_or(0),
            modified: modified(&stat),
        });
    }
    entries.sort_by(|a, b| b.is_folder.cmp(&a.is_folder).then_with(|| a.name.cmp(&b.name)));
    Ok((entries, true))
}

fn render(entries: &[Entry], complete: bool, path: &RequestPath) -> String {
    let title = match path.relative.to_string_lossy() {
        root if root == "." => "/".to_owned(),
        below => format!("/{below}/"),
    };
    let title = escape(&title);
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width\">\n<title>{title}</title>\n<style>\n{STYLE}\n</style>\n\
         <h1>{title}</h1>\n<table>\n"
    );
    if title != "/" {
        page.push_str("<tr><td><a href=\"../\">../</a><td><td>\n");
    }
    for entry in entries {
        entry.render(&mut page);
    }
    page.push_str("</table>\n");
    if !complete {
        let _ = writeln!(page, "<p>The first {ENTRIES_MAX} names are listed.");
    }
    page
}

impl Entry {
    fn render(&self, page: &mut String) {
        let slash = if self.is_folder { "/" } else { "" };
        let href: String = encode(&self.name).collect();
        let name = escape(&OsStr::to_string_lossy(&self.name));
        let len = if self.is_folder { String::new() } else { self.len.to_string() };
        let modified = httpdate::fmt_http_date(self.modified);
        // "./" keeps a name with a colon from being taken for a scheme.
        let written = writeln!(
            page,
            "<tr><td><a href=\"./{href}{slash}\">{name}{slash}</a>\
             <td class=\"n\">{len}<td class=\"n\">{modified}"
        );
        written.expect("writing to a String cannot fail");
    }
}

/// Text as HTML, in an element or in an attribute.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, File};

    #[test]
    fn names_are_escaped_and_folders_come_first() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("<b> & \"c\".txt"), "12345").unwrap();
        fs::write(dir.path().join("javascript:alert(1)"), "").unwrap();
        fs::create_dir(dir.path().join("z folder")).unwrap();
        let path = RequestPath::parse("/%3Ci%3E/").unwrap();
        let page = page(&File::open(dir.path()).unwrap().into(), &path).unwrap();
        assert!(page.contains("<title>/&lt;i&gt;/</title>"), "{page}");
        assert!(
            page.contains("./%3Cb%3E%20%26%20%22c%22.txt\">&lt;b&gt; &amp; &quot;c&quot;.txt</a>")
        );
        assert!(page.contains("href=\"./javascript%3Aalert%281%29\""), "{page}");
        assert!(page.contains("<td class=\"n\">5<td"), "{page}");
        let folder = page.find("./z%20folder/").unwrap();
        assert!(folder < page.find("./%3Cb").unwrap());
        assert!(page.contains("../") && !page.contains("<b>"));
    }
}
