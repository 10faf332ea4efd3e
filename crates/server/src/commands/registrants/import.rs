//! `kleisd registrants import`

use kleis_registration::register::{self, Imported, LineProblem, RegisterError};

use super::{
    change,
    file::{BadLine, GoodFile},
    refused, say,
};
use crate::{
    args::ImportRegistrants, data_dir::DataDir, databases::Databases, failure::Failure,
    services::Basics,
};

/// Brings the register to what a file says.
pub(super) async fn run(args: &ImportRegistrants, basics: &Basics) -> Result<(), Failure> {
    let data_dir = DataDir::new(&args.place.data_dir);
    let file = match GoodFile::check(&args.file, &basics.types)? {
        Ok(file) => file,
        Err(bad) => return tell(&bad),
    };
    let work = async |databases: &Databases| import(databases, &data_dir, basics, file).await;
    let Imported {
        created,
        updated,
        unchanged,
    } = match Box::pin(change(&data_dir, basics, work)).await? {
        Ok(imported) => imported,
        Err(bad) => return tell(&bad),
    };
    say(&format!(
        "{created} created, {updated} updated, {unchanged} unchanged"
    ))
}

async fn import(
    databases: &Databases,
    data_dir: &DataDir,
    basics: &Basics,
    file: GoodFile,
) -> Result<Result<Imported, Vec<BadLine>>, Failure> {
    match register::import(&databases.registry, file, &*basics.clock).await {
        Ok(imported) => Ok(Ok(imported)),
        Err(RegisterError::Lines(problems)) => Ok(Err(problems.into_iter().map(bad).collect())),
        Err(RegisterError::File(reason)) => Err(Failure::Usage(reason)),
        Err(RegisterError::Registration(error)) => Err(refused(data_dir, &error)),
    }
}

fn bad(LineProblem { number, problem }: LineProblem) -> BadLine {
    BadLine {
        number,
        field: problem.field().unwrap_or_default().to_owned(),
        reason: problem.code().as_str(),
        detail: problem.detail().to_owned(),
    }
}

/// One line for each line that is bad.
fn tell(bad: &[BadLine]) -> Result<(), Failure> {
    for BadLine {
        number,
        field,
        reason,
        detail,
    } in bad
    {
        let field = match field.as_str() {
            "" => String::new(),
            field => format!("{field}: "),
        };
        say(&format!("line {number}: {field}{reason}: {detail}"))?;
    }
    Err(Failure::Lines(bad.len()))
}
