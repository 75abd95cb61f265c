//! Which proxy an address is asked through.

/// The proxies of this machine, as the usual environment variables say them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies {
    /// For `http://` addresses: `[http://][USER:PASSWORD@]HOST[:PORT]`.
    pub http: Option<String>,
    /// For `https://` addresses.
    pub https: Option<String>,
    /// Hosts that are asked without: names that stand for their sub-domains too, separated by commas; `*` for all.
    pub none: String,
}

impl Proxies {
    /// The proxy for an address with this scheme and host.
    pub(crate) fn of(&self, scheme: &str, host: &str) -> Option<&str> {
        let proxy = if scheme == "https" { &self.https } else { &self.http };
        proxy.as_deref().filter(|proxy| !proxy.is_empty() && !self.excepts(host))
    }

    fn excepts(&self, host: &str) -> bool {
        let host = host.trim_matches(['[', ']']).to_lowercase();
        self.none.split(',').map(|name| name.trim().to_lowercase()).any(|name| {
            let name = name.strip_prefix('*').unwrap_or(&name);
            match name.strip_prefix('.').unwrap_or(name) {
                // "*" alone; an empty entry says nothing.
                "" => self.none.split(',').any(|name| name.trim() == "*"),
                name => host == name || host.strip_suffix(name).is_some_and(|h| h.ends_with('.')),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_excepted_by_its_name_or_its_domain() {
        let proxies = |none: &str| Proxies {
            http: Some("http://p:1".to_owned()),
            https: Some("http://q:2".to_owned()),
            none: none.to_owned(),
        };
        assert_eq!(proxies("").of("http", "a.org"), Some("http://p:1"));
        assert_eq!(proxies("").of("https", "a.org"), Some("http://q:2"));
        for (none, host, direct) in [
            ("a.org", "a.org", true),
            ("x, A.org", "data.a.ORG", true),
            (".a.org", "data.a.org", true),
            ("*.a.org", "data.a.org", true),
            ("a.org", "ba.org", false),
            ("a.org,", "b.org", false),
            ("*", "b.org", true),
            ("127.0.0.1", "127.0.0.1", true),
            ("::1", "[::1]", true),
        ] {
            assert_eq!(proxies(none).of("http", host).is_none(), direct, "{none} {host}");
        }
        assert_eq!(
            Proxies { http: Some(String::new()), ..Proxies::default() }.of("http", "a"),
            None
        );
    }
}
