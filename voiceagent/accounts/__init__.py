"""The company's records behind one protocol: a sample company in SQLite, or a REST API."""
