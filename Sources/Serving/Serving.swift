// Where bytes and numbers meet: peers become requests, emissions become messages, and every call
// gets its bill. Configuration, the ledger, the log and the life of the daemon are here too.
