//! Log readers and firewall integrations for AutoSec.
