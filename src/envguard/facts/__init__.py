"""What bytes prove. Facts read and state; they never judge."""
