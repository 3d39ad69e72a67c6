"""Invented office files of the formats that have no fixture of their own, written as text where a test needs them."""

import io
import zipfile
from typing import Any

import openpyxl

REGISTER = """<?xml version="1.0" encoding="UTF-8"?><?xml-stylesheet type='text/xsl' href='/3.2/style/rplus.xsl' ?>
<ops:world-patent-data xmlns:ops="http://ops.epo.org" xmlns:reg="http://www.epo.org/register">
<ops:register-search total-result-count="1"><ops:query syntax="CQL">publication=EP9990101</ops:query>
<reg:register-documents produced-by="RO">
<reg:register-document lang="en" produced-by="RO" status="The patent has been granted">
<reg:ep-patent-statuses>
 <reg:ep-patent-status change-date="20191025" status-code="8">The patent has been granted</reg:ep-patent-status>
 <reg:ep-patent-status change-date="20170203" status-code="14">Examination is in progress</reg:ep-patent-status>
</reg:ep-patent-statuses>
{inside}
</reg:register-document></reg:register-documents></ops:register-search></ops:world-patent-data>"""

REGISTER_BIBLIO = """<reg:bibliographic-data country="EP" lang="en">
<reg:publication-reference><reg:document-id lang="en"><reg:country>WO</reg:country>
<reg:doc-number>2011000101</reg:doc-number><reg:kind>A1</reg:kind><reg:date>20110101</reg:date></reg:document-id>
</reg:publication-reference>
<reg:publication-reference><reg:document-id><reg:country>EP</reg:country><reg:doc-number>9990101</reg:doc-number>
<reg:kind>A1</reg:kind><reg:date>20111228</reg:date></reg:document-id></reg:publication-reference>
<reg:publication-reference><reg:document-id><reg:country>EP</reg:country><reg:doc-number>9990101</reg:doc-number>
<reg:kind>B1</reg:kind><reg:date>20191127</reg:date></reg:document-id></reg:publication-reference>
<reg:classifications-ipcr change-date="20190524"><reg:classification-ipcr><reg:text>H04W84/20,  // H04W88/04</reg:text>
</reg:classification-ipcr></reg:classifications-ipcr>
<reg:classifications-ipcr change-date="20111228"><reg:classification-ipcr><reg:text>A01B1/00</reg:text>
</reg:classification-ipcr></reg:classifications-ipcr>
<reg:application-reference><reg:document-id><reg:country>EP</reg:country><reg:doc-number>10990101</reg:doc-number>
<reg:date>20100624</reg:date></reg:document-id></reg:application-reference>
<reg:priority-claims><reg:priority-claim sequence="1"><reg:country>FI</reg:country>
<reg:doc-number>20095001</reg:doc-number><reg:date>20090624</reg:date></reg:priority-claim></reg:priority-claims>
<reg:parties>
<reg:applicants change-date="20191018"><reg:applicant sequence="1"><reg:addressbook><reg:name>New Owner Oy</reg:name>
</reg:addressbook></reg:applicant></reg:applicants>
<reg:applicants change-date="20111228"><reg:applicant sequence="1"><reg:addressbook><reg:name>Old Owner Oy</reg:name>
</reg:addressbook></reg:applicant></reg:applicants>
<reg:inventors change-date="20111228"><reg:inventor sequence="01"><reg:addressbook><reg:name>Nobody, Ann</reg:name>
</reg:addressbook></reg:inventor></reg:inventors></reg:parties>
<reg:designation-of-states><reg:designation-pct><reg:regional><reg:country>AT</reg:country></reg:regional>
</reg:designation-pct></reg:designation-of-states>
<reg:invention-title lang="en" change-date="20190621">NEW TITLE</reg:invention-title>
<reg:invention-title lang="en" change-date="20111228">Old title</reg:invention-title>
<reg:term-of-grant change-date="20220708"><reg:lapsed-in-country><reg:country>HU</reg:country><reg:date>20100624</reg:date>
</reg:lapsed-in-country></reg:term-of-grant>
</reg:bibliographic-data>"""

REGISTER_EVENTS = """<reg:events-data><reg:dossier-event><reg:event-date><reg:date>20021228</reg:date></reg:event-date>
<reg:event-code>0009210</reg:event-code><reg:event-text>(Expected) grant</reg:event-text></reg:dossier-event></reg:events-data>
<reg:procedural-data><reg:procedural-step><reg:procedural-step-code>RFEE</reg:procedural-step-code>
<reg:procedural-step-text step-text-type="STEP_DESCRIPTION">Renewal fee payment</reg:procedural-step-text>
<reg:procedural-step-text step-text-type="YEAR">03</reg:procedural-step-text>
<reg:procedural-step-date><reg:date>20171399</reg:date></reg:procedural-step-date></reg:procedural-step></reg:procedural-data>"""

FAMILY = """<?xml version="1.0" encoding="UTF-8"?>
<ops:world-patent-data xmlns="http://www.epo.org/exchange" xmlns:ops="http://ops.epo.org">
<ops:patent-family legal="true"><ops:family-member family-id="990201">
<publication-reference><document-id document-id-type="docdb"><country>EP</country><doc-number>9990201</doc-number>
<kind>A1</kind><date>20111228</date></document-id></publication-reference>
<application-reference><document-id document-id-type="docdb"><country>EP</country><doc-number>10990201</doc-number>
<kind>A</kind><date>20100624</date></document-id></application-reference>
<exchange-document family-id="990201" country="EP" doc-number="9990201" kind="A1"><bibliographic-data>
<publication-reference><document-id document-id-type="docdb"><country>EP</country><doc-number>9990201</doc-number>
<kind>A1</kind><date>20111228</date></document-id></publication-reference>
<patent-classifications><patent-classification><classification-scheme office="EP" scheme="CPCI"/>
<classification-symbol>B28B   1/29</classification-symbol><symbol-position>F</symbol-position></patent-classification>
</patent-classifications>
<application-reference><document-id document-id-type="docdb"><country>EP</country><doc-number>10990201</doc-number>
<kind>A</kind></document-id><document-id document-id-type="epodoc"><doc-number>EP20100990201</doc-number>
<date>20100624</date></document-id></application-reference>
<parties><applicants><applicant data-format="epodoc"><applicant-name><name>IMAGINED OY [FI]</name></applicant-name>
</applicant><applicant data-format="original"><applicant-name><name>Imagined Oy, </name></applicant-name></applicant>
</applicants></parties><invention-title lang="en">IMAGINED FAMILY</invention-title></bibliographic-data></exchange-document>
<ops:legal code="17P " desc="REQUEST FOR EXAMINATION FILED"><ops:L001EP>EP</ops:L001EP>
<ops:L007EP>2012-07-18</ops:L007EP><ops:L500EP><ops:L525EP desc="Effective DATE">20120606</ops:L525EP></ops:L500EP></ops:legal>
</ops:family-member></ops:patent-family></ops:world-patent-data>"""

PUBLICATION_OF_2001 = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE patent-application-publication SYSTEM "pap-v15-2001-01-31.dtd" [<!ENTITY F1 SYSTEM "F1.TIF" NDATA TIF>]>
<patent-application-publication><subdoc-bibliographic-information>
<document-id><doc-number>20019990301</doc-number><kind-code>A1</kind-code><document-date>20010315</document-date></document-id>
<domestic-filing-data><application-number><doc-number>09990301</doc-number></application-number>
<filing-date>20001128</filing-date></domestic-filing-data>
<foreign-priority-data><priority-application-number><doc-number>11-990301</doc-number></priority-application-number>
<filing-date>19991129</filing-date><country-code>JP</country-code></foreign-priority-data>
<technical-information><classification-ipc><classification-ipc-primary><ipc>A01K001/00</ipc></classification-ipc-primary>
<classification-ipc-secondary><ipc>G06F017/60</ipc></classification-ipc-secondary></classification-ipc>
<title-of-invention>Imagined kennel</title-of-invention></technical-information>
<inventors><first-named-inventor><name><given-name>Ann</given-name><middle-name>B.</middle-name>
<family-name>Nobody</family-name></name></first-named-inventor>
<inventor><name><given-name>Bob</given-name><family-name>Nobody</family-name></name></inventor></inventors>
<assignee><organization-name>Imaginary Kennels, Inc.</organization-name></assignee>
</subdoc-bibliographic-information><subdoc-abstract><paragraph>A kennel of the &lsquo;old&rsquo; kind.</paragraph></subdoc-abstract>
<subdoc-description><paragraph>left out</paragraph></subdoc-description>
<subdoc-claims><heading>Claims</heading><claim id="1"/><claim id="2"/></subdoc-claims></patent-application-publication>"""

APPLICATION = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE us-patent-application SYSTEM "us-patent-application-v44-2014-04-03.dtd" [ ]>
<us-patent-application lang="EN" country="US"><us-bibliographic-data-application>
<publication-reference><document-id><country>US</country><doc-number>20140990401</doc-number><kind>A1</kind>
<date>20140417</date></document-id></publication-reference>
<application-reference appl-type="utility"><document-id><country>US</country><doc-number>14990401</doc-number>
<date>20131011</date></document-id></application-reference>
<priority-claims><priority-claim sequence="01"><country>KR</country><doc-number>10-2012-0990401</doc-number>
<date>20121012</date></priority-claim></priority-claims>
<classifications-cpc><main-cpc><classification-cpc><section>H</section><class>04</class><subclass>L</subclass>
<main-group>9</main-group><subgroup>32</subgroup></classification-cpc></main-cpc></classifications-cpc>
<invention-title>IMAGINED APPLICATION</invention-title>
<us-parties><us-applicants><us-applicant sequence="00"><addressbook><orgname>Imaginary Apps Co.</orgname></addressbook>
</us-applicant></us-applicants><inventors><inventor sequence="00"><addressbook><last-name>Nobody</last-name>
<first-name>Cid</first-name></addressbook></inventor></inventors></us-parties></us-bibliographic-data-application>
<abstract><p>An application.</p></abstract><claims><claim id="1"/><claim id="2"/></claims></us-patent-application>"""

MARK_APPLICATION = """<?xml version="1.0" encoding="UTF-8"?>
<tmk:TrademarkApplication xmlns:com="http://www.wipo.int/standards/XMLSchema/ST96/Common"
 xmlns:tmk="http://www.wipo.int/standards/XMLSchema/ST96/Trademark" com:st96Version="V6_0"><tmk:TrademarkBag><tmk:Trademark>
<com:RegistrationOfficeCode>SG</com:RegistrationOfficeCode><com:ApplicationNumber><com:IPOfficeCode>SG</com:IPOfficeCode>
<com:ST13ApplicationNumber>5070SG000040202299501</com:ST13ApplicationNumber>
<com:ApplicationNumberText>40202299501</com:ApplicationNumberText></com:ApplicationNumber>
<tmk:ApplicationDate>2022-05-09</tmk:ApplicationDate><tmk:MarkRepresentation><tmk:MarkReproduction><tmk:WordMarkSpecification>
<tmk:MarkVerbalElementText>虚构标</tmk:MarkVerbalElementText></tmk:WordMarkSpecification></tmk:MarkReproduction>
</tmk:MarkRepresentation><tmk:GoodsServicesBag><tmk:GoodsServices><tmk:ClassNumber>9</tmk:ClassNumber></tmk:GoodsServices>
</tmk:GoodsServicesBag><tmk:ApplicantBag><tmk:Applicant><com:Contact><com:Name><com:OrganizationName>
<com:OrganizationStandardName>虚构品牌有限公司</com:OrganizationStandardName></com:OrganizationName></com:Name></com:Contact>
</tmk:Applicant></tmk:ApplicantBag></tmk:Trademark></tmk:TrademarkBag></tmk:TrademarkApplication>"""

MARKS = """office,application_no,registration_no,mark,mark_feature,status,nice_classes,owner,owner_country,application_date,registration_date,expiry_date,goods_services,source
EM,009990501,009990501,NOSUCH,WORD,EXPIRED,9;41,Imaginary AG,DE,1996-06-12,1998-09-11,2006-06-12,,invented
US,99990502,,NO SUCH,,,5,"IMAGINARY, LLC",,,,,,invented
US,,,LOST,,Registered,5,X,,,,,,invented
"""

OWN = """office,kind,number,kind_code,application_date,title_zh,owners,claims_count
CN,invention,990000601,B,2020-01-02,虚构的表,虚构表格有限公司,7
CN,design,990000602,S,2020-02-30,虚构的图,虚构表格有限公司,
"""


def zipped(files: dict[str, bytes], **options: Any) -> bytes:
    """A ZIP of these files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, **options) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def workbook(*sheets: list[list[Any]]) -> bytes:
    """An Excel workbook of these sheets."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for rows in sheets:
        sheet = book.create_sheet()
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
