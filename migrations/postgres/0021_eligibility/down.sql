-- Takes back what services say of whom they take, and what lists are narrowed by.
DROP TABLE directory_facets;
DROP TABLE directory_terms;
