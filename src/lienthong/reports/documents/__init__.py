"""Reports as documents in the shape of the official forms: one sheet, written as XLSX or as PDF."""
