//! What clients see. Handlers get a `Viewer` and nothing that reaches another client.
