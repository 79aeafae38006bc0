-- Takes packets away: envelopes, ciphertexts and receipts are lost.
DROP TABLE packet_recipients;
DROP TABLE packet_bodies;
DROP TABLE packets;
