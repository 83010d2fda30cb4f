"""Whether releases judge as they should, in tables, on singers that nothing was learnt from."""
