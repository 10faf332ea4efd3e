//! JSON with one thing made false.

use serde_json::{Map, Value, json};

use super::{Forms, of_text, swap, within};

/// JSON with one value changed, one member left out, one added, or one taken from a donor.
pub fn of_json(here: &Value, donors: &[&Value]) -> Forms<Value> {
    let mut forms = match here {
        Value::Object(members) => of_object(members, donors),
        Value::Array(items) => of_array(items, donors),
        Value::String(text) => {
            let donors: Vec<_> = donors.iter().filter_map(|donor| donor.as_str()).collect();
            let mut forms = within("", of_text(text, &donors), Value::from);
            forms.push(("null".to_owned(), Value::Null));
            forms
        }
        Value::Number(number) => {
            let other = number.as_i64().map_or(json!(0), |number| json!(number + 1));
            vec![
                ("changed".to_owned(), other),
                ("text".to_owned(), json!("1")),
            ]
        }
        Value::Bool(flag) => vec![("changed".to_owned(), json!(!flag))],
        Value::Null => vec![("changed".to_owned(), json!(0))],
    };
    // Texts have had theirs.
    if !here.is_string()
        && let Some(other) = swap(here, donors.iter().copied())
    {
        forms.push(("swapped".to_owned(), other.clone()));
    }
    forms
}

fn of_object(members: &Map<String, Value>, donors: &[&Value]) -> Forms<Value> {
    let with = |name: &str, value| {
        let mut with = members.clone();
        with.insert(name.to_owned(), value);
        Value::Object(with)
    };
    let mut forms = Vec::new();
    for (name, member) in members {
        let mut without = members.clone();
        without.remove(name);
        forms.push((format!("without {name}"), Value::Object(without)));
        let donors: Vec<_> = donors.iter().filter_map(|donor| donor.get(name)).collect();
        forms.extend(within(name, of_json(member, &donors), |value| {
            with(name, value)
        }));
    }
    forms.push(("more".to_owned(), with("more", json!(1))));
    forms
}

fn of_array(items: &[Value], donors: &[&Value]) -> Forms<Value> {
    let mut forms = vec![("empty".to_owned(), json!([]))];
    for (index, item) in items.iter().enumerate() {
        let place = format!("[{index}]");
        let donors: Vec<_> = donors.iter().filter_map(|donor| donor.get(index)).collect();
        forms.extend(within(&place, of_json(item, &donors), |changed| {
            let mut with = items.to_vec();
            with[index] = changed;
            Value::Array(with)
        }));
        let mut twice = items.to_vec();
        twice.push(item.clone());
        forms.push((format!("{place} twice"), Value::Array(twice)));
        if items.len() > 1 {
            let mut without = items.to_vec();
            without.remove(index);
            forms.push((format!("without {place}"), Value::Array(without)));
        }
    }
    forms
}
