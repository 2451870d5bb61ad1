//! Orders of jobs at the gateway and the proxy, and answers at the buyer's: what is taken for an order is within its bounds and is written back as read; what is read of an answer is no more than
//! was ordered.

#![no_main]

use libfuzzer_sys::fuzz_target;
use noema_compute_engine::{
    form::{Order, Piece, Reading, Seen, MAX_INLINE, MAX_WHOLE_OUTPUT},
    job::{Limits, MAX_INPUTS, MAX_INPUT_BYTES, MAX_MODULE, UNIT_FUEL},
};
use noema_fuzz::Bytes;

fuzz_target!(|input: &[u8]| {
    order(input);
    let mut bytes = Bytes(input);
    let limits = Limits {
        fuel: bytes.number() % (Limits::MOST.fuel + 1),
        memory: 0,
        output: u32::from(bytes.byte()),
    };
    answer(limits, bytes.0);
});

fn order(body: &[u8]) {
    let Ok(order) = Order::parse(body) else {
        return;
    };
    let pieces = || std::iter::once(&order.module).chain(&order.inputs);
    let inline = pieces().map(|piece| match piece {
        Piece::Bytes(bytes) => bytes.len(),
        Piece::File { .. } => 0,
    });
    assert!(inline.sum::<usize>() <= MAX_INLINE);
    assert!(order.module.size() <= MAX_MODULE as u64);
    assert!(order.inputs.len() <= MAX_INPUTS);
    let sizes = order.inputs.iter().map(Piece::size);
    assert!(sizes.sum::<u64>() <= MAX_INPUT_BYTES);
    assert!(order.limits.check(&Limits::MOST).is_ok());
    assert!(order.stream || order.limits.output <= MAX_WHOLE_OUTPUT);
    // What it can cost is known before anything is done, and is never less than what is used.
    let terms = order.terms();
    let fuel = u128::from(terms.set_up) + u128::from(order.limits.fuel);
    let units = u128::from(terms.most_units());
    assert!(units * u128::from(UNIT_FUEL) >= fuel);
    assert!(terms.units(0) <= terms.most_units());
    assert_eq!(order.job().inputs.len(), order.inputs.len());
    let again = Order::parse(order.to_json().to_string().as_bytes());
    assert_eq!(again.as_ref(), Ok(&order));
}

/// Events of a stream, one for each line; and the same as a whole.
fn answer(limits: Limits, said: &[u8]) {
    let order = Order {
        model: "m".to_owned(),
        module: Piece::Bytes(Default::default()),
        inputs: Vec::new(),
        limits,
        stream: true,
    };
    let mut reading = Reading::new(order.terms());
    let mut output = 0;
    for line in said.split(|byte| *byte == b'\n') {
        match reading.event(line) {
            Ok(Seen::Output(bytes)) => output += bytes.len() as u64,
            Ok(Seen::Ended(ended)) => {
                assert!(ended.fuel <= limits.fuel);
                assert_eq!(ended.output_bytes, output);
                assert!(output <= limits.output.into());
                assert!(reading.units() <= Some(order.terms().most_units()));
                return;
            }
            Ok(_) => {}
            Err(_) => return,
        }
    }
    if let Ok((ended, output)) = Reading::new(order.terms()).whole(said) {
        assert_eq!(ended.output_bytes, output.len() as u64);
    }
}
