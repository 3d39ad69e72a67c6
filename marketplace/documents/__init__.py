"""Files stored once by content, evidence, signatures and contract PDFs."""
