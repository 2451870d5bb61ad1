//! Whose decisions are carried out with which rights: the origins that referenda have, the tracks on
//! which they are decided, the curves of votes that these ask for. The numbers are in
//! [`parameters`](crate::parameters), the pallets' configuration in
//! [`configs::governance`](crate::configs::governance).

pub mod curves;
pub mod origins;
pub mod speed;
pub mod tracks;
