//! Watching loses nothing, repeats nothing, and keeps the order of the commits.

use std::sync::Arc;
use std::time::Duration;

use kleis_directory::{Settings, WatchSettings};
use kleis_proto::directory::v1 as wire;
use kleis_proto::directory::v1::directory_service_server::DirectoryService as _;
use kleis_proto::status::from_status;
use kleis_store::registry::RegistryTx as _;
use kleis_store::suite::perform;
use kleis_store::{EvidenceTx as _, StoreError};
use kleis_store_sqlite::{RegistrySqlite, test_util::tamper};
use kleis_types::{ErrorCode, Principal};
use tokio::sync::Semaphore;
use tokio_stream::StreamExt as _;
use tonic::{Request, Status};

use crate::world::{
    DOCTOR, EHR, LAB, PERSON, PLAIN, World, caller, directory, id, publish, row, set, world,
};

type Stream = kleis_directory::grpc::WatchStream;

async fn watch(
    world: &World,
    cursor: &str,
    identifiers: &[&str],
    principal: Option<Principal>,
) -> Result<Stream, Status> {
    let mut request = Request::new(wire::WatchRequest {
        cursor: cursor.to_owned(),
        identifiers: identifiers.iter().map(|text| (*text).to_owned()).collect(),
    });
    if let Some(principal) = principal {
        request.extensions_mut().insert(principal);
    }
    let answer = world.service().watch(request).await?;
    Ok(answer.into_inner())
}

/// The cursor of the next message, which is about nobody.
async fn progress(stream: &mut Stream) -> String {
    let message = stream.next().await.unwrap().unwrap();
    assert_eq!(message.change, None);
    message.cursor
}

/// Whom the next message is about, and its cursor.
async fn change(stream: &mut Stream) -> (String, String) {
    let message = stream.next().await.unwrap().unwrap();
    (message.change.unwrap().identifier, message.cursor)
}

async fn changes(stream: &mut Stream, count: usize) -> Vec<String> {
    let mut found = Vec::new();
    for _ in 0..count {
        found.push(change(stream).await.0);
    }
    found
}

fn reason(refused: Result<Stream, Status>) -> ErrorCode {
    let status = refused.map(drop).unwrap_err();
    from_status(&status).unwrap().code()
}

#[tokio::test]
async fn from_now_on_in_order_and_from_a_cursor_again() {
    let world = world().await;
    let mut stream = watch(&world, "", &[], None).await.unwrap();
    let start = progress(&mut stream).await;
    for recipient in [EHR, PLAIN, LAB] {
        publish(&world.store, recipient, true).await;
    }
    world.directory.catch_up().await.unwrap();
    let (first, cursor) = change(&mut stream).await;
    assert_eq!(first, EHR);
    assert_eq!(changes(&mut stream, 2).await, [PLAIN, LAB]);
    drop(stream);
    // Whoever comes back hears of the rest, or of all.
    for (cursor, rest) in [(cursor, &[PLAIN, LAB][..]), (start, &[EHR, PLAIN, LAB])] {
        let mut resumed = watch(&world, &cursor, &[], None).await.unwrap();
        assert_eq!(progress(&mut resumed).await, cursor);
        assert_eq!(changes(&mut resumed, rest.len()).await, rest);
    }
}

#[tokio::test]
async fn nothing_is_lost_or_repeated_while_another_process_is_in_the_middle_of_an_act() {
    let world = world().await;
    let other = world.another_process().await;
    let mut stream = watch(&world, "", &[], None).await.unwrap();
    let mut cursor = progress(&mut stream).await;
    let mut heard = Vec::new();
    let mut expected = Vec::new();
    for round in 0..5 {
        // Another process has written, and has not committed.
        let (written, go_on) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let act = tokio::spawn(held(
            other.clone(),
            Arc::clone(&written),
            Arc::clone(&go_on),
        ));
        written.acquire().await.unwrap().forget();
        // The watcher resumes, and hears of nothing that may yet be undone.
        drop(stream);
        world.directory.catch_up().await.unwrap();
        stream = watch(&world, &cursor, &[], None).await.unwrap();
        assert_eq!(progress(&mut stream).await, cursor);
        go_on.add_permits(1);
        act.await.unwrap().unwrap();
        publish(&world.store, PLAIN, round % 2 == 0).await;
        expected.extend([EHR, LAB, PLAIN]);
        world.directory.catch_up().await.unwrap();
        // In the middle of what was committed together it is cut off once more.
        let (first, at) = change(&mut stream).await;
        heard.push(first);
        drop(stream);
        stream = watch(&world, &at, &[], None).await.unwrap();
        progress(&mut stream).await;
        for _ in 0..2 {
            let (next, at) = change(&mut stream).await;
            heard.push(next);
            cursor = at;
        }
    }
    assert_eq!(heard, expected);
}

/// An act about two recipients that waits before its end.
async fn held(
    store: RegistrySqlite,
    written: Arc<Semaphore>,
    go_on: Arc<Semaphore>,
) -> Result<(), StoreError> {
    perform(&store, move |tx| {
        let (written, go_on) = (Arc::clone(&written), Arc::clone(&go_on));
        Box::pin(async move {
            for recipient in [EHR, LAB] {
                tx.put_jwk_set(
                    &set(recipient, true),
                    kleis_types::Timestamp::from_unix(1_000),
                )
                .await?;
            }
            tx.append_audit(&row(None)).await?;
            written.add_permits(1);
            go_on.acquire().await.unwrap().forget();
            Ok(())
        })
    })
    .await
}

#[tokio::test]
async fn more_changes_than_a_page_all_arrive() {
    let world = world().await;
    let mut stream = watch(&world, "", &[], None).await.unwrap();
    progress(&mut stream).await;
    let many = 600;
    perform(&world.store, move |tx| {
        Box::pin(async move {
            for index in 0..many {
                let recipient = if index % 2 == 0 { EHR } else { LAB };
                tx.put_jwk_set(
                    &set(recipient, true),
                    kleis_types::Timestamp::from_unix(1_000),
                )
                .await?;
            }
            tx.append_audit(&row(None)).await
        })
    })
    .await
    .unwrap();
    world.directory.catch_up().await.unwrap();
    let heard = changes(&mut stream, many).await;
    let expected = (0..many).map(|index| if index % 2 == 0 { EHR } else { LAB });
    assert!(heard.iter().map(String::as_str).eq(expected));
}

#[tokio::test]
async fn strangers_hear_of_no_person_and_known_callers_do() {
    let world = world().await;
    let mut stranger = watch(&world, "", &[], None).await.unwrap();
    let mut known = watch(&world, "", &[], Some(caller())).await.unwrap();
    let start = progress(&mut stranger).await;
    assert_eq!(progress(&mut known).await, start);
    publish(&world.store, PERSON, true).await;
    world.directory.catch_up().await.unwrap();
    assert_eq!(change(&mut known).await.0, PERSON);
    // That something was passed over is all that there is to hear.
    let after = progress(&mut stranger).await;
    assert_ne!(after, start);
    publish(&world.store, EHR, true).await;
    world.directory.catch_up().await.unwrap();
    assert_eq!(change(&mut stranger).await.0, EHR);
    // Nor may they name one, whether there is one or not.
    for person in [PERSON, DOCTOR, "SSIN:93051822361"] {
        let refused = watch(&world, "", &[EHR, person], None).await;
        assert_eq!(reason(refused), ErrorCode::CertificateRequired);
    }
}

#[tokio::test]
async fn a_filter_lets_through_whom_it_names_also_by_an_alias() {
    let world = world().await;
    let named = [LAB, DOCTOR];
    let mut stream = watch(&world, "", &named, Some(caller())).await.unwrap();
    progress(&mut stream).await;
    for recipient in [EHR, PERSON, PLAIN, LAB, EHR] {
        publish(&world.store, recipient, true).await;
    }
    world.directory.catch_up().await.unwrap();
    assert_eq!(changes(&mut stream, 2).await, [PERSON, LAB]);
    // The last one was for nobody here.
    let cursor = progress(&mut stream).await;
    let mut resumed = watch(&world, &cursor, &[], None).await.unwrap();
    assert_eq!(progress(&mut resumed).await, cursor);
    // Somebody who is registered only now.
    let mut later = watch(&world, "", &["CBE:0777777870"], None).await.unwrap();
    progress(&mut later).await;
    perform(&world.store, |tx| {
        Box::pin(async move {
            tx.put_alias(&id("CBE:0777777870"), &id(EHR)).await?;
            tx.put_jwk_set(&set(EHR, true), kleis_types::Timestamp::from_unix(1_000))
                .await?;
            tx.append_audit(&row(None)).await
        })
    })
    .await
    .unwrap();
    world.directory.catch_up().await.unwrap();
    assert_eq!(change(&mut later).await.0, EHR);
}

#[tokio::test]
async fn what_cannot_be_served_any_more_is_told() {
    let world = world().await;
    let mut stream = watch(&world, "", &[], None).await.unwrap();
    let before = progress(&mut stream).await;
    publish(&world.store, EHR, true).await;
    world.directory.catch_up().await.unwrap();
    let (_, cursor) = change(&mut stream).await;
    for statements in [
        // A copy from before took the place of the database, and went on with something else.
        &[
            "DELETE FROM change_events WHERE seq > 5",
            "INSERT INTO change_events (seq, recipient, at) VALUES (6, 'CBE:0999999922', 7)",
        ][..],
        // It did not go on.
        &["DELETE FROM change_events WHERE seq > 5"],
    ] {
        tamper(&world.path(), statements).await;
        assert_eq!(
            reason(watch(&world, &cursor, &[], None).await),
            ErrorCode::CursorGone
        );
        // The one from before is still good.
        assert!(watch(&world, &before, &[], None).await.is_ok());
    }
    // What is old was put away.
    tamper(&world.path(), &["DELETE FROM change_events"]).await;
    assert_eq!(
        reason(watch(&world, &before, &[], None).await),
        ErrorCode::CursorGone
    );
    for bad in ["A", "no cursor", &format!("{before}A")] {
        assert_eq!(
            reason(watch(&world, bad, &[], None).await),
            ErrorCode::RequestMalformed
        );
    }
}

#[tokio::test]
async fn too_many_names_and_too_many_watchers_are_refused() {
    let watch_settings = WatchSettings {
        watchers: 2,
        ..WatchSettings::default()
    };
    let settings = Settings {
        watch: watch_settings,
        ..Settings::default()
    };
    let world = world().await.with(settings).await;
    let many = vec![EHR; 101];
    assert_eq!(
        reason(watch(&world, "", &many, None).await),
        ErrorCode::RequestMalformed
    );
    let bad = watch(&world, "", &["CBE:0425222333"], None).await;
    assert_eq!(reason(bad), ErrorCode::IdentifierCheckDigit);
    let first = watch(&world, "", &many[..100], None).await.unwrap();
    let mut second = watch(&world, "", &[], None).await.unwrap();
    assert_eq!(
        reason(watch(&world, "", &[], None).await),
        ErrorCode::Overloaded
    );
    progress(&mut second).await;
    // A place is free once somebody has gone, as soon as that is noticed.
    drop(first);
    while let Err(status) = watch(&world, "", &[], None).await {
        assert_eq!(from_status(&status).unwrap().code(), ErrorCode::Overloaded);
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_stream_tells_where_it_stands_and_ends_after_its_life() {
    let watch_settings = WatchSettings {
        progress: Duration::from_millis(1),
        life: Duration::from_millis(20),
        ..WatchSettings::default()
    };
    let settings = Settings {
        watch: watch_settings,
        ..Settings::default()
    };
    let world = world().await.with(settings).await;
    let mut stream = watch(&world, "", &[], None).await.unwrap();
    let start = progress(&mut stream).await;
    assert_eq!(progress(&mut stream).await, start);
    // Its end is no error: it is resumed.
    while let Some(message) = stream.next().await {
        assert_eq!(message.unwrap().cursor, start);
    }
    // Who hears of no changes says so, in place of that there were none.
    world.clock.advance(6);
    assert_eq!(
        reason(watch(&world, "", &[], None).await),
        ErrorCode::DirectoryBehind
    );
    world.directory.catch_up().await.unwrap();
    let longer = Settings {
        watch: WatchSettings {
            life: Duration::from_mins(10),
            ..watch_settings
        },
        ..Settings::default()
    };
    let directory = directory(world.store.clone(), longer, &world.clock);
    directory.catch_up().await.unwrap();
    let service = kleis_directory::grpc::adapter(directory);
    let request = Request::new(wire::WatchRequest::default());
    let mut stream = service.watch(request).await.unwrap().into_inner();
    progress(&mut stream).await;
    world.clock.advance(6);
    let status = loop {
        if let Err(status) = stream.next().await.unwrap() {
            break status;
        }
    };
    assert_eq!(
        from_status(&status).unwrap().code(),
        ErrorCode::DirectoryBehind
    );
    assert_eq!(status.metadata().get("retry-after").unwrap(), "1");
    assert!(stream.next().await.is_none());
}
