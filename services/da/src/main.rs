//! The daemons of data availability: `seat` for providers, `gateway` for whoever submits blobs; and `key`, for what seats sign with.

use std::{error::Error, process::ExitCode};

use clap::Parser;
use noema_chain_client::ChainClient;
use noema_da::{
    bls::SeatKeyFile,
    chain::NodeChain,
    config::{Args, Command, KeyCommand},
    gateway,
    registration::register_key,
    seat,
};
use noema_daemon::{connect, init_logs, stopped};

fn main() -> ExitCode {
    let args = Args::parse();
    init_logs(args.log_format);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let ended = match runtime {
        Ok(runtime) => {
            let ended = runtime.block_on(run(args.command));
            // Coding that is under way is not waited for: nothing of it counts before it is noted.
            runtime.shutdown_background();
            ended
        }
        Err(error) => Err(error.into()),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("noema-da: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<(), Box<dyn Error>> {
    match command {
        Command::Seat(args) => {
            let setup = args.into_setup()?;
            let stop = stopped()?;
            let Some(client) = connect(&setup.node, &stop).await? else {
                return Ok(());
            };
            let chain = NodeChain::new(client, setup.operator);
            let (provider, keys) = (setup.config.provider, setup.config.keys.clone());
            let registering = register_key(chain.clone(), provider, keys, stop.clone());
            let registering = tokio::spawn(registering);
            let announce = |endpoint: &str| println!("noema-da seat answers at {endpoint}");
            seat::run(chain, setup.config, stop, announce).await?;
            registering.await?;
        }
        Command::Gateway(args) => {
            let setup = args.into_setup()?;
            let stop = stopped()?;
            let Some(client) = connect(&setup.node, &stop).await? else {
                return Ok(());
            };
            let chain = NodeChain::new(client, setup.payer);
            let announce = |endpoint: &str| println!("noema-da gateway answers at {endpoint}");
            gateway::run(chain, setup.config, stop, announce).await?;
        }
        Command::Key(command) => run_key(command).await?,
    }
    Ok(())
}

async fn run_key(command: KeyCommand) -> Result<(), Box<dyn Error>> {
    match command {
        KeyCommand::New { file } => println!("{}", SeatKeyFile::at(file).create()?.public()),
        KeyCommand::Show { file } => println!("{}", SeatKeyFile::at(file).read()?.public()),
        KeyCommand::Set(args) => {
            let secret = SeatKeyFile::at(&args.file).read()?;
            let signer = args.signer.key()?;
            let client = ChainClient::connect(&args.signer.node).await?;
            let chain = NodeChain::new(client, signer);
            let done = chain
                .set_key(&args.provider, &secret, args.instead_of)
                .await?;
            println!("{} is set in block {}", secret.public(), done.block.number);
        }
        KeyCommand::Retire { provider, signer } => {
            let client = ChainClient::connect(&signer.node).await?;
            let chain = NodeChain::new(client, signer.key()?);
            let done = chain.retire_key(provider).await?;
            println!("the key is retired in block {}", done.block.number);
        }
    }
    Ok(())
}
