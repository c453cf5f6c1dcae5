//! TLS 1.3, with libcrypto behind it.

use crate::addr::c_text;
use crate::error::{check, Result};
use crate::stack::{Handle, Inner};
use crate::stream::Stream;
use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::ffi::c_void;
use core::ptr::{null, null_mut};
use leat_sys as c;

/// The authorities that a client trusts.
#[derive(Clone)]
pub struct Authorities {
    pem: Rc<Vec<u8>>,
    name: Option<String>,
}

impl Authorities {
    /// Those of the system.
    pub fn system() -> std::io::Result<Authorities> {
        Ok(Authorities::pem(&std::fs::read("/etc/ssl/certs/ca-certificates.crt")?))
    }

    /// Those in a text with PEM.
    pub fn pem(pem: &[u8]) -> Authorities {
        Authorities { pem: Rc::new(pem.to_vec()), name: None }
    }

    /// The name in the server's certificate, if it isn't the host's.
    pub fn name(mut self, name: &str) -> Authorities {
        self.name = Some(name.to_string());
        self
    }
}

/// The identity of a server: certificates and their key, in PEM.
#[derive(Clone)]
pub struct Identity {
    certificates: Rc<Vec<u8>>,
    key: Rc<Vec<u8>>,
}

impl Identity {
    /// The texts, the server's own certificate first.
    pub fn pem(certificates: &[u8], key: &[u8]) -> Identity {
        Identity { certificates: Rc::new(certificates.to_vec()), key: Rc::new(key.to_vec()) }
    }
}

/// What the sessions of a stack have in common.
pub(crate) struct Provider {
    crypto: Option<Box<c::leat_crypto>>,
    tls: *mut c::leat_tls,
    memory: Vec<u64>,
    anchors: Vec<(Rc<Vec<u8>>, Box<c::leat_crypto_anchors>)>,
    identities: Vec<(Identity, Box<c::leat_tls_identity>, Vec<u8>)>,
    lists: Vec<Vec<*const c::leat_tls_identity>>, // leat may refer to an older one
}

unsafe extern "C" fn entropy_of_host(arg: *mut c_void, bytes: *mut c_void, len: usize) -> c::leat_err {
    let host = arg as *mut c::leat_host;
    ((*host).entropy.expect("a host has entropy"))(host, bytes, len)
}

unsafe extern "C" fn civil_s_of_host(arg: *mut c_void) -> u64 {
    let host = arg as *mut c::leat_host;
    (*host).civil_ns.map_or(0, |civil_ns| civil_ns(host) / 1_000_000_000)
}

impl Provider {
    pub(crate) fn new() -> Provider {
        Provider { crypto: None, tls: null_mut(), memory: Vec::new(), anchors: Vec::new(), identities: Vec::new(), lists: Vec::new() }
    }

    /// Before all that sessions use; no callback follows.
    pub(crate) fn close_sessions(&mut self) {
        if !self.tls.is_null() {
            // SAFETY: it is open
            unsafe { c::leat_tls_close(core::mem::replace(&mut self.tls, null_mut())) };
        }
    }

    pub(crate) fn close(&mut self) {
        if let Some(mut crypto) = self.crypto.take() {
            // SAFETY: all of these are open, and no session uses them any more
            unsafe {
                for (_, identity, _) in &mut self.identities {
                    c::leat_tls_identity_close(&mut **identity, &*crypto);
                }
                let close = (*crypto.ops).anchors_close.expect("a provider is complete");
                self.anchors.iter_mut().for_each(|(_, anchors)| close(crypto.self_, &mut **anchors));
                c::leat_crypto_openssl_close(&mut *crypto);
            }
            self.anchors.clear();
            self.identities.clear();
        }
    }

    fn crypto(&mut self, inner: &Inner) -> Result<*const c::leat_crypto> {
        if self.crypto.is_none() {
            let mut crypto = Box::new(c::leat_crypto { ops: null(), self_: null_mut() });
            // SAFETY: the host is open as long as the stack
            check(unsafe { c::leat_crypto_openssl_open(&mut *crypto, Some(entropy_of_host), inner.host.cast()) }, "cryptography")?;
            self.crypto = Some(crypto);
        }
        Ok(self.crypto.as_deref().map_or(null(), |crypto| crypto as *const _))
    }

    fn tls(&mut self, inner: &Inner) -> Result<*mut c::leat_tls> {
        if self.tls.is_null() {
            let (stack, crypto) = (inner.open()?, self.crypto(inner)?);
            let config = c::leat_tls_config {
                crypto,
                civil_time_s: Some(civil_s_of_host),
                arg: inner.host.cast(),
                sessions: 1024,
                client_handshakes: 64,
                ..Default::default()
            };
            // SAFETY: all arguments are valid, and the memory stays until leat_tls_close()
            unsafe {
                let bytes = c::leat_tls_memory_bytes(&config);
                self.memory = alloc::vec![0; bytes / 8 + 1];
                check(c::leat_tls_open(&mut self.tls, stack, self.memory.as_mut_ptr().cast(), bytes, &config), "TLS")?;
            }
        }
        Ok(self.tls)
    }

    fn anchors(&mut self, inner: &Inner, pem: &Rc<Vec<u8>>) -> Result<*const c::leat_crypto_anchors> {
        if let Some((_, anchors)) = self.anchors.iter().find(|(known, _)| Rc::ptr_eq(known, pem)) {
            return Ok(&**anchors);
        }
        let crypto = self.crypto(inner)?;
        let mut anchors = Box::new(c::leat_crypto_anchors::default());
        // SAFETY: the provider is open, and allocates
        unsafe {
            let open = (*(*crypto).ops).anchors_open.expect("a provider is complete");
            check(open((*crypto).self_, &mut *anchors, pem.as_ptr().cast(), pem.len(), null_mut(), 0), "authorities")?;
        }
        let opened: *const _ = &*anchors;
        self.anchors.push((pem.clone(), anchors));
        Ok(opened)
    }

    /// The servers of a stack have all identities that were used so far.
    fn use_identity(&mut self, inner: &Inner, identity: &Identity) -> Result<()> {
        if self.identities.iter().any(|(known, ..)| Rc::ptr_eq(&known.key, &identity.key)) {
            return Ok(());
        }
        let (tls, crypto) = (self.tls(inner)?, self.crypto(inner)?);
        let mut read = Box::new(c::leat_tls_identity::default());
        let mut memory = alloc::vec![0_u8; identity.certificates.len()];
        // SAFETY: all arguments are valid; identity, memory and list stay until the sessions are closed
        unsafe {
            check(
                c::leat_tls_identity_read(
                    &mut *read,
                    crypto,
                    identity.certificates.as_ptr().cast(),
                    identity.certificates.len(),
                    identity.key.as_ptr().cast(),
                    identity.key.len(),
                    memory.as_mut_ptr().cast(),
                    memory.len(),
                ),
                "certificates and key",
            )?;
            self.identities.push((identity.clone(), read, memory));
            let list: Vec<_> = self.identities.iter().map(|(_, identity, _)| &**identity as *const _).collect();
            let err = c::leat_tls_set_identities(tls, list.as_ptr(), list.len() as u16);
            self.lists.push(list);
            check(err, "identities")
        }
    }
}

/// What a client's session refers to.
struct Client {
    _name: Vec<c::c_char>,
    c: c::leat_tls_client,
}

impl Handle {
    /// A session with a server that has proved to be the host.
    pub async fn connect_tls(&self, host: &str, port: u16, authorities: &Authorities) -> Result<Stream> {
        let below = self.connect(host, port).await?;
        let name = c_text(authorities.name.as_deref().unwrap_or(host));
        let mut session = c::leat_stream { ops: null(), end: null_mut() };
        let client = {
            let mut provider = self.inner.tls.borrow_mut();
            let anchors = provider.anchors(&self.inner, &authorities.pem)?;
            let tls = provider.tls(&self.inner)?;
            let c = c::leat_tls_client { name: name.as_ptr(), anchors, ..Default::default() };
            let client = Box::new(Client { _name: name, c });
            // SAFETY: the client is kept as long as its stream
            below.hand_over(|stream| unsafe { c::leat_tls_connect(tls, stream, &client.c, &mut session) })?;
            client
        };
        // SAFETY: the session is ours
        unsafe { Stream::new(&self.inner, session) }.opened(Some(client)).await
    }

    /// Makes a session of a connection that a listener has accepted.
    pub async fn accept_tls(&self, below: Stream, identity: &Identity) -> Result<Stream> {
        let mut session = c::leat_stream { ops: null(), end: null_mut() };
        {
            let mut provider = self.inner.tls.borrow_mut();
            provider.use_identity(&self.inner, identity)?;
            let tls = provider.tls(&self.inner)?;
            // SAFETY: all arguments are valid
            below.hand_over(|stream| unsafe { c::leat_tls_accept(tls, stream, &mut session) })?;
        }
        // SAFETY: the session is ours
        unsafe { Stream::new(&self.inner, session) }.opened(None).await
    }
}
