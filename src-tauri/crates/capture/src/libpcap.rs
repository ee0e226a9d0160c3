//! What the crate `pcap` leaves out of libpcap: result codes of opening, nanoseconds on every platform, monitor mode, versions.
//! All of this program's calls of foreign functions into libpcap that are not `pcap`'s own.

#![allow(unsafe_code)]

use std::ffi::{CStr, CString, c_char, c_int, c_uint, c_void};
use std::mem;
use std::ptr::NonNull;

use pcap::{Active, Capture, Error, Inactive, Offline};

pub const NO_SUCH_DEVICE: c_int = -5;
pub const NO_MONITOR: c_int = -6;
pub const NO_PERMISSION: c_int = -8;
pub const NOT_UP: c_int = -9;
pub const NO_PERMISSION_FOR_PROMISCUOUS: c_int = -11;
const NANOSECONDS: c_uint = 1;

#[cfg_attr(windows, link(name = "wpcap"))]
#[cfg_attr(not(windows), link(name = "pcap"))]
unsafe extern "C" {
    fn pcap_activate(handle: *mut c_void) -> c_int;
    fn pcap_geterr(handle: *mut c_void) -> *const c_char;
    fn pcap_statustostr(code: c_int) -> *const c_char;
    fn pcap_set_tstamp_precision(handle: *mut c_void, precision: c_int) -> c_int;
    fn pcap_get_tstamp_precision(handle: *mut c_void) -> c_int;
    fn pcap_can_set_rfmon(handle: *mut c_void) -> c_int;
    fn pcap_set_rfmon(handle: *mut c_void, on: c_int) -> c_int;
    fn pcap_open_offline_with_tstamp_precision(
        path: *const c_char,
        precision: c_uint,
        error: *mut c_char,
    ) -> *mut c_void;
    fn pcap_snapshot(handle: *mut c_void) -> c_int;
    fn pcap_lib_version() -> *const c_char;
}

/// An opened interface, and what libpcap warned of (`PCAP_WARNING_...`, 0: nothing).
pub struct Activated {
    pub capture: Capture<Active>,
    pub nanoseconds: bool,
    pub warning: c_int,
}

/// Opens an interface that was asked to give nanoseconds if it can. The error is libpcap's code and words.
pub fn activate(inactive: Capture<Inactive>, nanoseconds: bool, monitor: bool) -> Result<Activated, (c_int, String)> {
    let handle = inactive.as_ptr().cast::<c_void>();
    // SAFETY: `inactive` keeps the handle alive through this function, and no other thread has it. What is refused here
    // (nanoseconds, on an interface without them) leaves the handle as it was.
    let code = unsafe {
        if nanoseconds {
            pcap_set_tstamp_precision(handle, NANOSECONDS as c_int);
        }
        if monitor {
            pcap_set_rfmon(handle, 1);
        }
        pcap_activate(handle)
    };
    if code < 0 {
        // SAFETY: as above; both give a text that lives as long as the handle, or for ever.
        let [words, general] = unsafe { [said(pcap_geterr(handle)), said(pcap_statustostr(code))] };
        return Err((code, if words.is_empty() { general } else { words }));
    }
    // SAFETY: as above. The handle changes its owner: `inactive` must not close it.
    let nanoseconds = unsafe { pcap_get_tstamp_precision(handle) } == NANOSECONDS as c_int;
    let Some(owned) = NonNull::new(inactive.as_ptr()) else { return Err((-1, "no handle".into())) };
    mem::forget(inactive);
    Ok(Activated { capture: Capture::from(owned), nanoseconds, warning: code })
}

/// Whether the interface can be put in monitor mode.
pub fn can_monitor(inactive: &Capture<Inactive>) -> bool {
    // SAFETY: the handle lives as long as `inactive`.
    unsafe { pcap_can_set_rfmon(inactive.as_ptr().cast()) == 1 }
}

/// Opens a file, a named pipe, or (`-`) standard input.
pub fn open_offline(path: &str) -> Result<Capture<Offline>, Error> {
    let path = CString::new(path)?;
    let mut error = [0; 1024]; // PCAP_ERRBUF_SIZE is 256
    // SAFETY: the path ends with a zero byte, and there is room for the error.
    let handle = unsafe { pcap_open_offline_with_tstamp_precision(path.as_ptr(), NANOSECONDS, error.as_mut_ptr()) };
    match NonNull::new(handle) {
        Some(handle) => Ok(Capture::from(handle.cast())),
        // SAFETY: libpcap ended its words with a zero byte, or wrote nothing.
        None => Err(Error::PcapError(unsafe { said(error.as_ptr()) })),
    }
}

/// The longest packet that a capture gives.
pub fn snap_len<T: pcap::State>(capture: &Capture<T>) -> u32 {
    // SAFETY: the handle lives as long as `capture`, which is activated or a file.
    u32::try_from(unsafe { pcap_snapshot(capture.as_ptr().cast()) }).unwrap_or_default()
}

/// `libpcap version 1.10.3 (with TPACKET_V3)`, `Npcap version 1.79, based on libpcap version 1.10.4`.
pub fn version() -> String {
    // SAFETY: gives a constant text.
    unsafe { said(pcap_lib_version()) }
}

/// libpcap's own words, without what `pcap` puts before them.
pub fn words(error: &Error) -> String {
    match error {
        Error::PcapError(words) => words.clone(),
        other => other.to_string(),
    }
}

/// # Safety
/// Null, or a text that ends with a zero byte.
unsafe fn said(text: *const c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: as required of the caller.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().trim().to_owned()
}
