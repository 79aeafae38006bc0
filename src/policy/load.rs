//! Where the policy of a process comes from: the documents compiled in, and the profiles that tighten them.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{Documents, Policy, PolicyError};

impl Policy {
    /// The policy of a node: tightened by the profile in this file, or by every `*.json` in this folder in the order of their names. Any
    /// other file in it is refused, because it may be a profile that would not count. An empty path stands for no profile.
    pub fn load(profiles: &Path) -> Result<Self, PolicyError> {
        let mut documents = Documents::builtin();
        for path in files(profiles)? {
            let text = fs::read_to_string(&path).map_err(|error| unreadable(&path, &error.to_string()))?;
            let from = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
            documents = documents.with_profile(from, text);
        }
        documents.build()
    }

    /// The policy of whoever got these profiles from a node. It can only be as strict as the one compiled in, or stricter.
    pub fn tightened_by<T: AsRef<str>>(profiles: &[T]) -> Result<Self, PolicyError> {
        let numbered = (1..).zip(profiles);
        let documents = numbered.fold(Documents::builtin(), |documents, (number, text): (u32, _)| {
            documents.with_profile(format!("profile {number}"), text.as_ref())
        });
        documents.build()
    }
}

fn files(profiles: &Path) -> Result<Vec<PathBuf>, PolicyError> {
    if profiles.as_os_str().is_empty() {
        return Ok(Vec::new());
    }
    if !profiles.is_dir() {
        return Ok(vec![profiles.to_owned()]);
    }
    let Folder { found, others } =
        in_folder(profiles).map_err(|error| unreadable(profiles, &error.to_string()))?;
    if let Some(other) = others.first() {
        return Err(unreadable(
            other,
            "its name does not end in .json; a folder of profiles holds nothing else",
        ));
    }
    // A folder that was named by mistake must not stand for no profile.
    if found.is_empty() { Err(unreadable(profiles, "no *.json is in it")) } else { Ok(found) }
}

/// The profiles of a folder, and the files that are none by their names.
struct Folder {
    found: Vec<PathBuf>,
    others: Vec<PathBuf>,
}

fn in_folder(folder: &Path) -> io::Result<Folder> {
    let (mut found, mut others) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "json") {
            found.push(path);
        } else if path.is_file() {
            others.push(path);
        }
    }
    found.sort_unstable();
    others.sort_unstable();
    Ok(Folder { found, others })
}

fn unreadable(path: &Path, problem: &str) -> PolicyError {
    PolicyError::Unreadable { path: path.display().to_string(), problem: problem.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZM: &str = r#"{ "profile": "zm", "version": 1, "limits": { "keys": { "longest_days": 300 } } }"#;
    const EAST: &str =
        r#"{ "profile": "east", "version": 2, "limits": { "keys": { "longest_days": 200 } } }"#;

    #[test]
    fn no_path_is_no_profile() {
        let policy = Policy::load(Path::new("")).unwrap();
        assert_eq!(policy.digest(), Policy::builtin().digest());
    }

    #[test]
    fn a_folder_holds_profiles_in_the_order_of_their_names() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [("2-east.json", EAST), ("1-zm.json", ZM)] {
            fs::write(folder.path().join(name), text).unwrap();
        }
        // Where a container mounts them, beside its own folders.
        fs::create_dir(folder.path().join("..data")).unwrap();
        let policy = Policy::load(folder.path()).unwrap();
        assert!(policy.dictionary().starts_with("throughline-1.zm-1.east-2."), "{}", policy.dictionary());
        assert_eq!(policy.limits().keys.longest_days, 200);
        assert_eq!(policy.profiles(), [ZM, EAST]);
        let handed_on = Policy::tightened_by(policy.profiles()).unwrap();
        assert_eq!((handed_on.dictionary(), handed_on.digest()), (policy.dictionary(), policy.digest()));
        let one = Policy::load(&folder.path().join("1-zm.json")).unwrap();
        assert_eq!(one.limits().keys.longest_days, 300);
    }

    #[test]
    fn a_file_of_another_name_beside_them_is_no_profile_left_out() {
        for name in ["zm.JSON", "zm.json5", "zm.json~", "readme.txt", "zm"] {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join("east.json"), EAST).unwrap();
            fs::write(folder.path().join(name), ZM).unwrap();
            let refused = Policy::load(folder.path()).unwrap_err().to_string();
            assert!(refused.contains(name) && refused.contains(".json;"), "{refused}");
        }
    }

    #[test]
    fn what_is_not_there_or_holds_nothing_is_no_profile_left_out() {
        let folder = tempfile::tempdir().unwrap();
        for path in [folder.path().to_owned(), folder.path().join("zm.json")] {
            let refused = Policy::load(&path).unwrap_err();
            assert!(matches!(refused, PolicyError::Unreadable { .. }), "{refused}");
        }
    }
}
