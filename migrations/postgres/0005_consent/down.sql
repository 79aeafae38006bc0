-- Takes certificates and withdrawals away: what was taken back is forgotten.
DROP TABLE withdrawal_holders;
DROP TABLE withdrawals;
DROP TABLE certificates;
DROP TABLE consents;
