//! Files of ours, opened by the programs that others wrote for such files: backups by `age`, PDFs by qpdf, pikepdf and
//! poppler.

use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::Command;

use counterfoil::web::archive::{Archive, Packing};

use crate::program::{Demo, python, said, succeeded};
use crate::visitor::{Visitor, links};

/// Version 1 of the framing inside a backup, as `src/backup/manifest.rs` documents it.
const FRAMING: &[u8] = b"COUNTERFOIL-BKP\n\x00\x00\x00\x01";

/// Says what pikepdf finds: one JSON object.
const PIKEPDF: &str = r#"
import json, re, sys, pikepdf
pdf = pikepdf.open(sys.argv[1])
fonts, bare = set(), []
for page in pdf.pages:
    for _, font in page.resources.get("/Font", {}).items():
        fonts.add(str(font.BaseFont))
        inner = font.DescendantFonts[0] if "/DescendantFonts" in font else font
        descriptor = inner.FontDescriptor
        if not any(key in descriptor for key in ("/FontFile", "/FontFile2", "/FontFile3")):
            bare.append(str(font.BaseFont))
xmp = bytes(pdf.Root.Metadata.read_bytes()).decode()
part = re.search(r"pdfaid:part\D{1,3}(\d)", xmp)
print(json.dumps({
    "pages": len(pdf.pages), "fonts": sorted(fonts), "bare": bare, "problems": [str(p) for p in pdf.check()],
    "marked": bool(pdf.Root.MarkInfo.Marked), "tree": "/StructTreeRoot" in pdf.Root, "language": str(pdf.Root.get("/Lang", "")),
    "pdfa": part and part.group(1), "intent": "/OutputIntents" in pdf.Root,
    "title": str(pdf.docinfo.get("/Title", "")) if pdf.docinfo is not None else "", "xmp_title": "dc:title" in xmp,
}))
"#;

#[test]
fn age_opens_a_backup_with_the_identity_that_init_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let who = ["--owner", "mary.byrne@example.com", "--url", "https://portal.example.com"];
    said(&[&["init", "--data", &path("house"), "--firm", "Example LLP"], who.as_slice()].concat());
    said(&["backup", "--to", &path("backup.age"), "--config", &path("house/counterfoil.toml")]);
    let age = |identity: &str| Command::new("age").args(["-d", "-i", &path(identity), &path("backup.age")]).output();
    let opened = age("house.backup-identity.txt").expect("age is missing; tests/run installs it");
    assert!(opened.status.success(), "{}", String::from_utf8_lossy(&opened.stderr));
    assert!(opened.stdout.starts_with(FRAMING));
    let length = u32::from_be_bytes(opened.stdout[20..24].try_into().unwrap()) as usize;
    let manifest: serde_json::Value = serde_json::from_slice(&opened.stdout[24..24 + length]).unwrap();
    assert_eq!(manifest["firm"], "Example LLP");
    let end = opened.stdout.len() - 32 - 8 - 4;
    assert_eq!(&opened.stdout[end..end + 4], b"END\n");
    assert!(!age("house.key").unwrap().status.success());
}

/// Types a passphrase at the terminal of a program, which asks for it there and nowhere else.
const TYPED: &str = r#"
import os, pty, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
asked = b""
while b":" not in asked:
    asked += os.read(terminal, 1024)
os.write(terminal, sys.argv[1].encode() + b"\n")
try:
    while os.read(terminal, 1024):
        pass
except OSError:
    pass
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"#;

#[test]
fn age_opens_backups_with_a_passphrase_alone_and_with_the_identity_that_a_passphrase_opens() {
    use std::os::unix::fs::PermissionsExt;
    const WORDS: &str = "seven grey herons at the weir";
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(path("words"), WORDS).unwrap();
    std::fs::set_permissions(path("words"), std::fs::Permissions::from_mode(0o600)).unwrap();
    let who = ["--owner", "mary.byrne@example.com", "--url", "https://portal.example.com"];
    said(&[&["init", "--data", &path("house"), "--firm", "Example LLP"], who.as_slice()].concat());
    let house = |args: &[&str]| said(&[args, &["--config", &path("house/counterfoil.toml")]].concat());
    house(&["backup", "--to", &path("alone.age"), "--passphrase-file", &path("words")]);
    house(&["backup", "recipients", "add", "--passphrase-file", &path("words")]);
    house(&["backup", "--to", &path("carries.age")]);
    // As `backup identity --help` says for whoever has no Counterfoil.
    let taken = format!(
        "sed -n '/^-> counterfoil-identity$/,/^-/p' {} | grep -av '^-' | base64 -d > {}",
        path("carries.age"),
        path("identity.age")
    );
    succeeded(Command::new("bash").args(["-c", &taken]).output().unwrap());
    assert_eq!(
        std::fs::read(path("identity.age")).unwrap(),
        crate::program::command(&["backup", "identity", "--from", &path("carries.age")]).output().unwrap().stdout
    );
    let opened = |words: &str, args: &[&str], out: &str| {
        let mut age = python();
        age.args(["-c", TYPED, words, "age", "-d", "-o", &path(out)]).args(args);
        age.status().unwrap().success() && std::fs::read(path(out)).unwrap().starts_with(FRAMING)
    };
    assert!(opened(WORDS, &[&path("alone.age")], "alone"));
    assert!(opened(WORDS, &["-i", &path("identity.age"), &path("carries.age")], "carried"));
    assert!(!opened("something else", &["-i", &path("identity.age"), &path("carries.age")], "wrong"));
    let key = path("house.backup-identity.txt");
    let by_key = Command::new("age").args(["-d", "-i", &key, &path("carries.age")]).output().unwrap();
    assert!(by_key.stdout.starts_with(FRAMING), "{}", String::from_utf8_lossy(&by_key.stderr));
}

#[tokio::test]
async fn other_peoples_readers_find_nothing_wrong_with_an_invoice() {
    let demo = Demo::start(&[]);
    let visitor = Visitor::to(&demo.url);
    visitor.sign_in(&demo.person("Ana Ruiz")).await;
    let invoices = links(&visitor.page("/invoices").await, "/invoices/");
    let bytes = visitor.file(&format!("{}.pdf", invoices[0])).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("invoice.pdf");
    std::fs::write(&file, bytes).unwrap();

    succeeded(Command::new("qpdf").arg("--check").arg(&file).output().unwrap());
    let found: serde_json::Value =
        serde_json::from_str(&succeeded(python().args(["-c", PIKEPDF]).arg(&file).output().unwrap())).unwrap();
    for (what, wanted) in [("marked", true), ("tree", true), ("intent", true), ("xmp_title", true)] {
        assert_eq!(found[what], wanted, "{what}: {found}");
    }
    assert_eq!(found["pdfa"], "3", "{found}");
    for none in ["bare", "problems"] {
        assert_eq!(found[none], serde_json::json!([]), "{none}: {found}");
    }
    assert!(found["language"].as_str().unwrap().starts_with("en"), "{found}");
    assert!(!found["fonts"].as_array().unwrap().is_empty(), "{found}");
    let text = text_of(&file);
    let number = invoices[0].rsplit('/').next().unwrap();
    assert!(text.contains(number) && text.contains("Marlow Ceramics"), "{text}");
}

fn text_of(file: &Path) -> String {
    succeeded(Command::new("pdftotext").arg("-layout").arg(file).arg("-").output().unwrap())
}

#[test]
fn python_reads_an_archive_of_more_files_than_the_old_layout_counts() {
    const CHECK: &str = "import sys, zipfile\n\
        z = zipfile.ZipFile(sys.argv[1])\n\
        assert z.testzip() is None\n\
        print(len(z.namelist()), z.read('HF-2026-069999.xml').decode(), z.read('last.csv').decode()[:4])";
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut archive = Archive::new(BufWriter::new(file.reopen().unwrap()));
    for n in 0..70_000 {
        archive.add(&format!("HF-2026-{n:06}.xml"), n.to_string().as_bytes(), Packing::Stored).unwrap();
    }
    archive.add("last.csv", "file,".repeat(1_000).as_bytes(), Packing::Deflated).unwrap();
    archive.finish().unwrap().flush().unwrap();
    let said = succeeded(python().args(["-c", CHECK]).arg(file.path()).output().unwrap());
    assert_eq!(said.trim(), "70001 69999 file");
}
