//! What is ordered: files of this machine within the order, stored files by their ids.

use std::path::Path;

use noema_compute_engine::{
    form::{Order, Piece, MAX_INLINE},
    job::{FileId, Limits},
};

use crate::{
    args::{
        compute_jobs::Run,
        storage::{Id, Which},
    },
    failure::Failure,
    lookup,
    session::Session,
};

/// The order that the arguments say.
pub(super) async fn of(session: &Session, run: &Run, model: String) -> Result<Order, Failure> {
    let module = piece(session, "--module", &run.module).await?;
    let mut inputs = Vec::new();
    for input in &run.input {
        inputs.push(piece(session, "--input", input).await?);
    }
    let order = Order {
        model,
        module,
        inputs,
        limits: Limits {
            fuel: run.fuel,
            memory: run.memory,
            output: run.max_output,
        },
        stream: true,
    };
    order.check().map_err(|e| Failure::usage(e.to_string()))?;
    Ok(order)
}

/// A file that is there, or else one that is stored under this id.
async fn piece(session: &Session, name: &str, text: &str) -> Result<Piece, Failure> {
    let path = Path::new(text);
    match (text.parse::<Id>(), path.exists()) {
        (Ok(id), false) => stored(session, id).await,
        _ => local(name, path),
    }
}

fn local(name: &str, path: &Path) -> Result<Piece, Failure> {
    let about = std::fs::metadata(path).map_err(|e| Failure::io("read", path, &e))?;
    if about.len() > MAX_INLINE as u64 {
        return Err(Failure::usage(format!(
            "{name} {}: it has {} bytes, and an order has at most {MAX_INLINE} within itself: store it with `noema storage put`, and give its id",
            path.display(),
            about.len()
        )));
    }
    let bytes = std::fs::read(path).map_err(|e| Failure::io("read", path, &e))?;
    Ok(Piece::Bytes(bytes.into()))
}

async fn stored(session: &Session, id: Id) -> Result<Piece, Failure> {
    let state = session.connect().await?.at_finalized().await?;
    let which = Which { id, size: None };
    let found = lookup::find(&state, &which).await?;
    Ok(Piece::File {
        id: FileId(found.file.file.0),
        size: found.file.size(),
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) fn order() -> Order {
        Order {
            model: "wasm/1".into(),
            module: Piece::Bytes(vec![0; 8].into()),
            inputs: Vec::new(),
            limits: Limits {
                fuel: 1_000,
                memory: 1 << 16,
                output: 10,
            },
            stream: true,
        }
    }

    #[test]
    fn a_file_that_is_too_long_for_an_order_is_to_be_stored() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("long");
        std::fs::write(&path, vec![0; MAX_INLINE + 1]).unwrap();
        let failure = local("--input", &path).unwrap_err();
        assert!(failure.to_string().contains("storage put"), "{failure}");
        std::fs::write(&path, b"short").unwrap();
        assert_eq!(local("--input", &path).unwrap().size(), 5);
        assert!(local("--input", &dir.path().join("none")).is_err());
    }
}
