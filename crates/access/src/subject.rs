//! Foreign subjects.
