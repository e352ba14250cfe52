//! The settings of a workload: names, defaults, allowed values.
//!
//! A workload lists its [`Setting`]s in one table; the command line, `compare list` and the JSON
//! all read that table, and a child gets the resolved [`Params`] as JSON.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The value of a setting: a number, or one of a few words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Value {
    /// A number.
    Number(u64),
    /// A word.
    Word(String),
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Value::Number(number) => number.fmt(f),
            Value::Word(word) => word.fmt(f),
        }
    }
}

/// What a setting may be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Allowed {
    /// A number from `min` to `max`, both included.
    Number { default: u64, min: u64, max: u64 },
    /// One of these words; the first is the default.
    Word(&'static [&'static str]),
}

/// One setting of a workload.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    /// As written in `--set NAME=VALUE`.
    pub(crate) name: &'static str,
    /// One line for `compare list`.
    pub(crate) about: &'static str,
    /// Default and limits.
    pub(crate) allowed: Allowed,
}

impl Setting {
    /// A setting that is a number.
    pub(crate) const fn number(
        name: &'static str,
        default: u64,
        (min, max): (u64, u64),
        about: &'static str,
    ) -> Self {
        Self { name, about, allowed: Allowed::Number { default, min, max } }
    }

    /// A setting that is one of a few words.
    pub(crate) const fn word(
        name: &'static str,
        words: &'static [&'static str],
        about: &'static str,
    ) -> Self {
        Self { name, about, allowed: Allowed::Word(words) }
    }

    fn default(&self) -> Value {
        match self.allowed {
            Allowed::Number { default, .. } => Value::Number(default),
            Allowed::Word(words) => Value::Word(words[0].to_owned()),
        }
    }

    fn parse(&self, text: &str) -> Result<Value, String> {
        match self.allowed {
            Allowed::Number { min, max, .. } => match text.replace('_', "").parse::<u64>() {
                Ok(number) if (min..=max).contains(&number) => Ok(Value::Number(number)),
                _ => Err(format!("`{}` is a number from {min} to {max}, not `{text}`", self.name)),
            },
            Allowed::Word(words) if words.contains(&text) => Ok(Value::Word(text.to_owned())),
            Allowed::Word(words) => {
                Err(format!("`{}` is one of {}, not `{text}`", self.name, words.join(", ")))
            }
        }
    }
}

/// The settings of one run: every setting of the workload has a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Params(BTreeMap<String, Value>);

impl Params {
    /// The defaults of `settings`, changed by `changes` (`NAME`, `VALUE`).
    ///
    /// # Errors
    ///
    /// A sentence for the user, if a name is unknown or a value not allowed.
    pub(crate) fn resolve<N: AsRef<str>, V: AsRef<str>>(
        settings: &[Setting],
        changes: &[(N, V)],
    ) -> Result<Self, String> {
        let mut params: BTreeMap<String, Value> =
            settings.iter().map(|setting| (setting.name.to_owned(), setting.default())).collect();
        for (name, text) in changes {
            let Some(setting) = settings.iter().find(|setting| setting.name == name.as_ref())
            else {
                let names: Vec<_> = settings.iter().map(|setting| setting.name).collect();
                return Err(format!(
                    "no setting `{}` here; there are: {}",
                    name.as_ref(),
                    names.join(", ")
                ));
            };
            params.insert(setting.name.to_owned(), setting.parse(text.as_ref())?);
        }
        Ok(Self(params))
    }

    /// The number called `name`.
    ///
    /// # Panics
    ///
    /// If the workload has no such setting: the tables and the code disagree.
    pub(crate) fn number(&self, name: &str) -> u64 {
        match self.0.get(name) {
            Some(Value::Number(number)) => *number,
            other => panic!("setting {name} should be a number and is {other:?}"),
        }
    }

    /// The same as [`Params::number`], for what counts things in memory.
    pub(crate) fn count(&self, name: &str) -> usize {
        usize::try_from(self.number(name)).expect("limits of settings fit in memory")
    }

    /// The word called `name`.
    ///
    /// # Panics
    ///
    /// If the workload has no such setting: the tables and the code disagree.
    pub(crate) fn word(&self, name: &str) -> &str {
        match self.0.get(name) {
            Some(Value::Word(word)) => word,
            other => panic!("setting {name} should be a word and is {other:?}"),
        }
    }

    /// The value called `name`, of either type.
    ///
    /// # Panics
    ///
    /// If the workload has no such setting.
    pub(crate) fn get(&self, name: &str) -> &Value {
        self.0.get(name).unwrap_or_else(|| panic!("no setting {name}"))
    }

    /// Whether the workload has a setting `name`.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: &[Setting] = &[
        Setting::number("conns", 1, (1, 100), ""),
        Setting::word("where", &["outside", "inside"], ""),
    ];

    #[test]
    fn defaults_then_changes() {
        let params = Params::resolve(SETTINGS, &[("conns", "64")]).unwrap();
        assert_eq!(params.number("conns"), 64);
        assert_eq!(params.word("where"), "outside");
    }

    #[test]
    fn errors_name_what_exists() {
        let error = Params::resolve(SETTINGS, &[("connections", "64")]).unwrap_err();
        assert!(error.contains("conns, where"), "{error}");
        let error = Params::resolve(SETTINGS, &[("conns", "0")]).unwrap_err();
        assert!(error.contains("from 1 to 100"), "{error}");
        let error = Params::resolve(SETTINGS, &[("where", "above")]).unwrap_err();
        assert!(error.contains("outside, inside"), "{error}");
    }
}
