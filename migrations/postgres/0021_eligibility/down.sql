DROP TABLE directory_facets;
DROP TABLE directory_terms;
