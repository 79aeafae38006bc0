-- Takes drafts and decisions away. What was corrected stays until the next import.
DROP TABLE directory_overrides;
DROP TABLE directory_decisions;
DROP TABLE directory_drafts;
