"""One pipeline for each exporter: the log → spans → exchanges → batch per API → send → settle the cursor."""
