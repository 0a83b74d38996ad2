//! Many runs: replications, verdicts, threads.
