"""OneRoster 1.1 and 1.2: the REST service, and the package of CSV files."""
