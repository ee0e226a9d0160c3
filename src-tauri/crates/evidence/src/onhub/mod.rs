//! Google OnHub / Google Wifi diagnostic reports.
