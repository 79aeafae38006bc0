-- What services are found by tells secret places from others, and how a service is given to those who are not near: the job `directory` enters
-- all of them anew. Until it has, what was entered before is near nothing.
UPDATE services SET searched = 0;
